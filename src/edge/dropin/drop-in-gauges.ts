/** What the drop-in door holds for its clients; each with its bound in SPEC.md, section "Bounds". */
export const dropInGauges = {
  poseidon_dropin_input_bytes: 'Input of drop-in clients that is not known to be typed.',
  poseidon_dropin_log_input_bytes: 'Of it, what lies with the writers of input logs.',
  poseidon_dropin_kept_push_bytes: 'Pushes of output kept for drop-in clients while a page is read.',
  poseidon_dropin_output_bytes: 'Output handed to drop-in clients and not yet taken by the network.',
} as const;

export type DropInHolds = { readonly [name in keyof typeof dropInGauges]: number };
