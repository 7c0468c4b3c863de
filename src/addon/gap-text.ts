import type { ClientState } from '../client/client-host.ts';
import { type Gap, GapCause } from '../protocol/gap.ts';
import { byteSize } from './byte-size.ts';

const causes: { readonly [cause in GapCause]: string } = {
  [GapCause.trimmed]: 'it had left the buffer before this page came to it',
  [GapCause.lost]: 'the broker lost it in a fail-over',
  [GapCause.skipped]: 'skipped on request',
  [GapCause.damaged]: 'it failed its check twice',
  [GapCause.detached]: 'nobody was attached and the buffer was full',
};

/** One line, shown where the bytes are missing (LG7). */
export function gapText(gap: Gap): string {
  return `${byteSize(gap.sizeBytes)} of output missing: ${causes[gap.cause]}`;
}

export function rewoundText(bytes: number): string {
  return bytes > 0
    ? `the last ${byteSize(bytes)} above were lost by the broker and are not on the record`
    : 'the broker lost its newest records';
}

/** All that a session has lost so far, both ways, short; empty when nothing was. */
export function lossText(state: Pick<ClientState, 'faults' | 'notSentBytes' | 'fateUnknownBytes'>): string {
  const parts: string[] = [];
  if (state.faults.gapBytes > 0) parts.push(`${byteSize(state.faults.gapBytes)} of output missing`);
  if (state.notSentBytes > 0) parts.push(`${byteSize(state.notSentBytes)} of typing not sent`);
  if (state.fateUnknownBytes > 0) parts.push(`${byteSize(state.fateUnknownBytes)} of typing may or may not have arrived`);
  return parts.join(', ');
}
