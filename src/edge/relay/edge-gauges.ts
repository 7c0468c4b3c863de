/** What an edge holds for its sockets; each with its bound in SPEC.md, section "Bounds". */
export const edgeGauges = {
  poseidon_edge_socket_buffer_bytes: 'Output handed to browser sockets and not yet taken by the network.',
  poseidon_edge_kept_push_bytes: 'Pushes of output kept while a page is read.',
  poseidon_edge_input_held_bytes: 'Input taken from browsers that waits for the worker.',
  poseidon_edge_input_pending_bytes: 'Input offered to the log and not yet encoded.',
  poseidon_edge_input_pending_entries: 'Entries of input offered to the log and not yet encoded, sizes and wishes to end among them.',
  poseidon_edge_input_ring_bytes: 'Input frames kept for a resend.',
  poseidon_edge_lost_streams: 'Streams whose fate the worker is asked for.',
} as const;

export type InputHolds = Pick<EdgeHolds, `poseidon_edge_input_${string}` & keyof EdgeHolds>;

/** Of a socket that does not drive. */
export const noInput: InputHolds = {
  poseidon_edge_input_held_bytes: 0,
  poseidon_edge_input_pending_bytes: 0,
  poseidon_edge_input_pending_entries: 0,
  poseidon_edge_input_ring_bytes: 0,
};

export type EdgeHolds = { readonly [name in keyof typeof edgeGauges]: number };
