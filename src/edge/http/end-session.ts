import { BrokerUnavailable } from '../../broker/broker.ts';
import { LogAppender, type ShellTools } from '../../broker/log-appender.ts';
import type { LogStore, TakeAnswer, TakeMode } from '../../broker/log-store.ts';
import { controlOffer, LogWriter } from '../../log/log-writer.ts';
import { takeNonce } from '../../log/nonce.ts';
import { writeU64 } from '../../protocol/bytes.ts';
import { EndRequestFlag } from '../../protocol/entry.ts';
import { FrameType } from '../../protocol/frame-type.ts';
import { readStream } from '../../protocol/ids.ts';
import { creditWindowBytes } from '../../protocol/limits.ts';
import type { SessionRecord } from '../../session/session-record.ts';

export interface EndTools extends ShellTools {
  readonly edge: string;
  readonly logs: LogStore;
  readonly crc32: (bytes: Uint8Array, from: number) => number;
}

/** How long the broker has to store the request. */
const storeWithinMs = 5_000;

/**
 * Asks the session's worker to end it, as a driver would: takes control by force and writes an end request. A session that waits for a
 * worker is ended by the one that takes it. @throws BrokerUnavailable
 */
export async function endSession(session: SessionRecord, tools: EndTools): Promise<void> {
  await takeAndEnd(session, { kind: 'force' }, 0, tools);
}

/** The same of a session whose user's sign-in is over, unless somebody drives it (ED5). @throws BrokerUnavailable */
export async function endUndriven(session: SessionRecord, tools: EndTools): Promise<void> {
  await takeAndEnd(session, { kind: 'resume' }, EndRequestFlag.signInOver, tools);
}

async function takeAndEnd(session: SessionRecord, mode: TakeMode, flags: number, tools: EndTools): Promise<void> {
  const { logs, random, edge } = tools;
  const driver = {
    stream: readStream(random.bytes(16), 0),
    connection: 1,
    ...session.size,
    credit: { outputFence: 0, offset: 0, windowBytes: creditWindowBytes.max },
  };
  const request = { nonce: takeNonce(random), writer: edge, driver, typed: 0, mode };
  const taken = await logs.takeInput(session.id, request);
  // Any other answer says that there is nothing left to end, or that it is not to be ended.
  if (taken.kind === 'taken') await appendEndRequest(session, taken, flags, tools);
}

function appendEndRequest(
  session: SessionRecord,
  taken: Extract<TakeAnswer, { kind: 'taken' }>,
  flags: number,
  tools: EndTools,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      timer.cancel();
      appender.close();
      settled();
    };
    const timer = tools.clock.after(storeWithinMs, () => settle(() => reject(new BrokerUnavailable())));
    const appender = new LogAppender(
      tools.logs,
      { session: session.id, log: 'in' },
      new LogWriter(taken, tools.crc32),
      {
        stored: () => settle(resolve),
        // Somebody else drives, or it has ended meanwhile: the caller may look again.
        stopped: () => settle(resolve),
        doubt: () => {},
      },
      tools,
    );
    const payload = new Uint8Array(8);
    writeU64(payload, 0, taken.fence.driver?.next ?? 0);
    appender.offer(controlOffer(FrameType.inputEndRequest, flags, payload));
  });
}
