import { describe, expect, it } from 'vitest';
import type { PageAnswer } from '../../../src/broker/log-store.ts';
import { catchUpReads } from '../../../src/edge/relay/constants.ts';
import { SharedReads } from '../../../src/edge/relay/shared-reads.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import { pageEntries } from '../../../src/protocol/limits.ts';
import { bound } from '../../support/bound.ts';
import { TestRelay } from '../../support/test-relay.ts';

const log = { session: 'session-0123456789' as SessionId, log: 'out' } as const;
const empty: PageAnswer = { kind: 'page', table: [], entries: [], ended: false, owner: undefined };
const start = { fence: 0, seq: 0 };
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the pages that the attachments of an edge read', () => {
  it('[DR3] are so many at once; the others wait their turn, in order', async () => {
    const answers: Array<(answer: PageAnswer) => void> = [];
    const reads = new SharedReads({ read: () => new Promise((resolve) => answers.push(resolve)) }, 2);
    const done: number[] = [];
    for (let index = 0; index < 5; index++) void reads.read(log, start, 16).then(() => done.push(index));
    await settle();
    expect([answers.length, reads.underWay, reads.waiting]).toStrictEqual([2, 2, 3]);
    for (let index = 0; index < 5; index++) {
      answers[index]?.(empty);
      await settle();
    }
    expect(done).toStrictEqual([0, 1, 2, 3, 4]);
    expect([reads.underWay, reads.waiting]).toStrictEqual([0, 0]);
  });

  it('[DR3] that fail give their place to the next', async () => {
    let fails = 1;
    const reads = new SharedReads({ read: async () => (fails-- > 0 ? Promise.reject(new Error('gone')) : empty) }, 1);
    const first = reads.read(log, start, 16).catch(() => 'failed');
    const second = reads.read(log, start, 16);
    expect([await first, (await second).kind]).toStrictEqual(['failed', 'page']);
    expect(reads.underWay).toBe(0);
  });

  it('[DR3] are at most 16 entries each, and no more at once than the edge allows, when many come back together', async () => {
    await using relay = await TestRelay.start();
    let [most, longest] = [0, 0];
    let answering: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      answering = resolve;
    });
    const broker = relay.broker();
    const { logs } = broker;
    const read: typeof logs.read = async (...args) => {
      longest = Math.max(longest, args[2]);
      most = Math.max(most, gauge('reads_under_way'));
      await answered;
      return logs.read(...args);
    };
    const counted = new Proxy(logs, { get: (to, name) => (name === 'read' ? read : bound(to, name)) });
    const door = relay.door('edge-b', { broker: new Proxy(broker, { get: (to, name) => (name === 'logs' ? counted : bound(to, name)) }) });
    const gauge = (name: string) => door.gauges().find((each) => each.name === `poseidon_edge_${name}`)?.value ?? Number.NaN;
    const first = await relay.openTerminal(relay.door());
    relay.opener.upstream.print(new Uint8Array(200 * 1024));
    await relay.clock.settle();
    const browsers = Array.from({ length: 60 }, () => relay.browser(door));
    for (const browser of browsers)
      if (first.saved) browser.client.startAgain({ ...first.saved, stream: 'f'.repeat(32) }, { cols: 80, rows: 24 });
    await relay.clock.settle();
    expect([gauge('reads_under_way'), gauge('reads_waiting')]).toStrictEqual([catchUpReads, browsers.length - catchUpReads]);
    answering();
    await relay.clock.advance(2_000);
    for (const browser of browsers) expect(browser.screenBytes).toBe(200 * 1024);
    expect(most).toBe(catchUpReads);
    expect([gauge('reads_under_way'), gauge('reads_waiting')]).toStrictEqual([0, 0]);
    expect(longest).toBeLessThanOrEqual(pageEntries);
  });
});
