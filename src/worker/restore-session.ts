import { retrying } from '../base/retrying.ts';
import { BrokerUnavailable } from '../broker/broker.ts';
import type { RestoreRequest } from '../broker/log-store.ts';
import type { Claim, LogWriter } from '../log/log-writer.ts';
import { takeNonce } from '../log/nonce.ts';
import type { FenceEntry } from '../protocol/fence-entry.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { InputSide } from './input-side.ts';
import type { PumpTools } from './pump-tools.ts';

/** What a worker holds of its session. */
export interface Held {
  readonly session: SessionRecord;
  readonly writer: LogWriter;
  readonly input: InputSide;
  /** Who drives. */
  readonly driver: FenceEntry | undefined;
}

/**
 * LG11: writes a session whose keys are gone again, from its worker's memory. The same request until it is answered: a `reassert` in
 * between would take a restore whose answer was lost for somebody else's.
 * @returns 'again' when the keys are back without it; undefined when the signal came first
 */
export async function restoreSession(held: Held, tools: PumpTools, signal: AbortSignal): Promise<Claim | 'again' | undefined> {
  const { broker, worker, permit } = tools;
  const { id } = held.session;
  const request = { ...memoryOf(held, tools), nonce: takeNonce(tools.random) };
  const answer = await retrying(
    async () => {
      if (!permit()) throw new BrokerUnavailable();
      await broker.sessions.adopt(id, worker);
      return broker.logs.restore(id, request);
    },
    tools,
    signal,
  );
  if (!answer) return undefined;
  tools.log('session restored', { sessionId: id, answer: answer.kind });
  return answer.kind === 'exists' ? 'again' : answer;
}

function memoryOf({ session, writer, input, driver }: Held, { worker }: PumpTools): Omit<RestoreRequest, 'nonce'> {
  const record = { ...session, state: 'owned', owner: worker, started: true, size: input.size } as const;
  const driven = driver?.driver && { stream: driver.driver.stream, fence: driver.position.fence };
  return { record, out: writer.remains, ...input.remains, driver: driven };
}
