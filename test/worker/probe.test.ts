import { describe, expect, it } from 'vitest';
import { decodeEphemeral, type Ephemeral, encodeEphemeral } from '../../src/protocol/ephemeral.ts';
import type { SessionId } from '../../src/protocol/ids.ts';
import { TestRelay } from '../support/test-relay.ts';

/** A session that is driven, what its worker says, and a question about the driver of a fence. */
async function driven(relay: TestRelay) {
  const browser = await relay.openTerminal(relay.door());
  const session = browser.state.session as SessionId;
  const { logs } = relay.broker();
  const told: Ephemeral[] = [];
  const push = (frame: Uint8Array) => {
    const said = decodeEphemeral(frame);
    if (said) told.push(said);
  };
  logs.subscribe({ session, log: 'out' }, { subscribed: () => {}, push, broken: () => {} });
  await relay.clock.settle();
  const fence = browser.state.status.worker?.driver?.fence ?? 0;
  const probe = async (input: number) => {
    told.length = 0;
    logs.publish({ session, log: 'in' }, encodeEphemeral({ input, output: 0 }, { kind: 'probe' }));
    await relay.clock.settle();
    return told.map((said) => (said.kind === 'workerStatus' ? `driver ${said.status.driver?.fence}` : said.kind));
  };
  return { fence, probe };
}

describe('a worker that is asked for its driver', () => {
  it('[DR2] asks it for a sign of life', async () => {
    await using relay = await TestRelay.start();
    const { fence, probe } = await driven(relay);
    expect(fence).toBeGreaterThan(0);
    expect(await probe(fence)).toEqual(['stall']);
  });

  it('[DR2] says whom it has, when that is another than was asked for', async () => {
    await using relay = await TestRelay.start();
    const { fence, probe } = await driven(relay);
    expect(await probe(fence - 1)).toEqual([`driver ${fence}`]);
  });
});
