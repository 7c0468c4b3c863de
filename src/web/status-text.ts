import { byteSize } from '../addon/byte-size.ts';
import type { ClientState } from '../client/client-host.ts';
import type { EndReason } from '../protocol/end-reason.ts';

/** What the badge says: one short text for a glance, and the rows behind it. */
export interface StatusText {
  readonly tone: 'good' | 'busy' | 'bad' | 'over';
  readonly text: string;
  readonly details: readonly (readonly [name: string, value: string])[];
}

export interface StatusContext {
  /** Until the next try, counted down by the badge; undefined while none is due. */
  readonly retryInMs: number | undefined;
  readonly kind: 'terminal' | 'log';
  /** Output received and not yet shown by this page, bytes. */
  readonly behindBytes: number;
}

/** Un-typed input worth a word: a paste. Single keys are always on the way for a moment. */
const notableBytes = 1024;

/** The state in words: the cause first when something is wrong, the measured facts when nothing is. */
export function statusText(state: ClientState, context: StatusContext): StatusText {
  return { ...headline(state, context), details: details(state, context) };
}

function headline(state: ClientState, context: StatusContext): { tone: StatusText['tone']; text: string } {
  const { connection } = state;
  switch (connection.kind) {
    case 'connecting':
      return { tone: 'busy', text: (state.session || connection.tries > 0 ? 'connecting again' : 'connecting') + kept(state) };
    case 'waiting':
      return { tone: 'bad', text: `${cause(connection, state.session !== undefined)}, ${again(context.retryInMs)}${kept(state)}` };
    case 'lost':
      return { tone: 'bad', text: connection.text || 'not connected' };
    case 'ended':
      return { tone: 'over', text: endText(connection.reason) };
    case 'attached':
      return attached(state, connection.edge, context);
  }
}

function attached(state: ClientState, edge: string, context: StatusContext): { tone: StatusText['tone']; text: string } {
  const { worker, broker, owner } = state.status;
  if (broker === 'lost') return { tone: 'bad', text: 'the broker cannot be reached, retrying' };
  if (owner === 'silent') return { tone: 'bad', text: `its worker does not answer${kept(state) || ', waiting'}` };
  if (!worker && state.receivedBytes === 0) return { tone: 'busy', text: 'waiting for a worker' };
  if (worker?.upstream === 'connecting') return { tone: 'busy', text: 'connecting to the container' };
  if (worker?.upstream === 'paused') return { tone: 'busy', text: `upstream paused${behind(context.behindBytes)}` };
  const parts = [edge];
  if (state.edgeRttMs !== undefined) parts.push(`${Math.round(state.edgeRttMs)} ms`);
  if (context.kind === 'terminal') parts.push(state.driving ? 'driving' : 'watching');
  if (state.untypedBytes >= notableBytes && context.kind === 'terminal') parts.push(`${byteSize(state.untypedBytes)} on the way`);
  return { tone: state.driving || context.kind === 'log' ? 'good' : 'busy', text: parts.join(' · ') };
}

/** 1006 and the like say nothing; a code of ours comes with a text. */
function cause({ code, text }: { readonly code: number; readonly text: string }, known: boolean): string {
  if (code >= 4000 && text !== '') return text;
  if (code === 0 && text !== '') return text;
  return known ? 'connection lost' : 'the relay cannot be reached';
}

/** What a person typed meanwhile is not lost: it is sent when the connection is back. */
function kept(state: ClientState): string {
  return state.untypedBytes > 0 ? ` · ${byteSize(state.untypedBytes)} typed, waiting` : '';
}

function again(retryInMs: number | undefined): string {
  if (retryInMs === undefined || retryInMs < 500) return 'trying again';
  return `trying again in ${Math.max(1, Math.round(retryInMs / 1000))} s`;
}

function behind(bytes: number): string {
  return bytes > 0 ? `: this page is ${byteSize(bytes)} behind` : ': waiting for this page';
}

function details(state: ClientState, context: StatusContext): [string, string][] {
  const { connection, status, faults } = state;
  const rows: [string, string][] = [];
  rows.push(['Edge', connection.kind === 'attached' ? connection.edge : 'not connected']);
  if (state.edgeRttMs !== undefined) rows.push(['Round trip', `${state.edgeRttMs.toFixed(0)} ms`]);
  rows.push(['Worker', status.worker ? status.worker.worker : 'none yet']);
  if (status.worker) rows.push(['Upstream', status.owner === 'silent' ? 'unknown, the worker does not answer' : status.worker.upstream]);
  if (context.kind === 'terminal') {
    rows.push(['Keyboard', state.driving ? 'this page drives' : 'watching']);
    rows.push(['Typed, on the way', byteSize(state.untypedBytes)]);
    if (state.acceptedBytes > 0) rows.push(['Of this, on the record', byteSize(state.acceptedBytes)]);
    if (state.fateUnknownBytes > 0) rows.push(['Fate unknown', byteSize(state.fateUnknownBytes)]);
    if (state.notSentBytes > 0) rows.push(['Never sent', byteSize(state.notSentBytes)]);
  }
  rows.push(['Received', byteSize(state.receivedBytes)]);
  rows.push(['Missing', faults.gaps === 0 ? 'nothing' : `${byteSize(faults.gapBytes)} in ${faults.gaps} gaps`]);
  rows.push(['Failed checks', String(faults.mismatches)]);
  if (state.session) rows.push(['Session', state.session]);
  return rows;
}

/** `ended: exit code 3`, `refused: …`; the first word tells good from bad. */
export function endText(reason: EndReason): string {
  switch (reason.kind) {
    case 'exited':
      return reason.code === undefined ? `ended: ${reason.message}` : `ended: exit code ${reason.code}`;
    case 'completed':
      return 'ended: complete';
    case 'no-status':
      return 'ended without a status';
    case 'refused':
      return 'refused';
    case 'failed':
      return 'failed';
    case 'broken':
      return 'the connection to the container broke';
    case 'worker-lost':
      return 'the worker that held it was lost';
    case 'ended':
      return 'ended by request';
    case 'abandoned':
      return 'ended: nobody was attached';
    case 'no-worker':
      return 'no worker took it';
    case 'limit':
      return 'a limit was reached';
  }
}

/** Whether the end is what a person would call well. */
export function endedWell(reason: EndReason): boolean {
  return (reason.kind === 'exited' && (reason.code ?? 0) === 0) || reason.kind === 'completed' || reason.kind === 'ended';
}
