import type { LogReader } from '../log/log-reader.ts';
import type { LogWriter } from '../log/log-writer.ts';
import type { TrimLine } from '../log/trim-line.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { InputSide } from './input-side.ts';
import type { OutputSide } from './output-side.ts';

/** What a worker holds for its sessions; each with its bound in SPEC.md, section "Bounds". */
export const workerGauges = {
  poseidon_worker_held_bytes: 'Upstream output that waits for credit or the broker.',
  poseidon_worker_pending_bytes: 'Output offered to the log and not yet encoded.',
  poseidon_worker_ring_bytes: 'Output frames kept for a resend.',
  poseidon_worker_skip_bytes: 'The tail of output that is being skipped.',
  poseidon_worker_input_bytes: 'Input read from the log and not yet typed.',
  poseidon_worker_kept_push_bytes: 'Pushes of input kept while a page is read.',
  poseidon_worker_upstream_buffer_bytes: 'Input handed to upstreams and not yet taken by the network.',
  poseidon_worker_output_log_bytes: 'Output logs at the broker, as far as this worker wrote them.',
  poseidon_worker_trim_marks: 'Places where output logs may be trimmed.',
} as const;

export type WorkerHolds = { readonly [name in keyof typeof workerGauges]: number };

export interface HoldingParts {
  readonly output: OutputSide | undefined;
  readonly writer: LogWriter | undefined;
  readonly input: InputSide | undefined;
  readonly reader: LogReader | undefined;
  readonly trims: TrimLine;
  readonly upstream: Upstream | undefined;
}

export function workerHolds({ output, writer, input, reader, trims, upstream }: HoldingParts): WorkerHolds {
  return {
    poseidon_worker_held_bytes: output?.heldBytes ?? 0,
    poseidon_worker_pending_bytes: writer?.pendingBytes ?? 0,
    poseidon_worker_ring_bytes: writer?.ringBytes ?? 0,
    poseidon_worker_skip_bytes: output?.skipTailBytes ?? 0,
    poseidon_worker_input_bytes: input?.queuedBytes ?? 0,
    poseidon_worker_kept_push_bytes: reader?.keptBytes ?? 0,
    poseidon_worker_upstream_buffer_bytes: upstream?.unsentBytes ?? 0,
    poseidon_worker_output_log_bytes: trims.bytes,
    poseidon_worker_trim_marks: trims.marks,
  };
}
