import { describe, expect, it } from 'vitest';
import { MemoryServer } from '../../../src/broker/memory/memory-server.ts';
import {
  idsOf,
  inputRequest,
  newSessionId,
  newStream,
  otherWorker,
  sessionOf,
  TestWriter,
  worker,
} from '../../contract/broker/material.ts';
import { ManualClock } from '../../upstream/clocks.ts';

const take = (nonce: number, by = worker, from = worker) => ({ nonce, writer: by, expectedOwner: from, newOwner: by });

function claimed(rememberedWrites: number) {
  const clock = new ManualClock();
  const server = new MemoryServer({ clock, rememberedWrites });
  const id = newSessionId();
  server.create(sessionOf(id));
  server.claim(id, worker);
  return { clock, server, id, log: { session: id, log: 'out' } as const };
}

const idsIn = (server: MemoryServer, log: { session: never; log: 'out' } | Parameters<MemoryServer['read']>[0]) => {
  const page = server.read(log, { fence: 0, seq: 0 }, 1000);
  return page.kind === 'page' ? idsOf(page.entries) : page.kind;
};

describe('the memory server', () => {
  it('[LG8] a copy without the newest writes is a common earlier state of meta and both logs', () => {
    const { server, id, log } = claimed(100);
    const writer = new TestWriter(log, server.takeOutput(id, take(1)));
    server.store(log, writer.data('a'));
    const edge = new TestWriter({ session: id, log: 'in' }, server.takeInput(id, inputRequest(newStream())));
    server.store(edge.log, edge.data('b'));
    const taker = new TestWriter(log, server.takeOutput(id, take(2, otherWorker, worker)));
    expect(server.readSession(id)?.owner).toBe(otherWorker);

    const copy = server.copyWithout(() => 2);
    expect(copy.readSession(id)?.owner).toBe(worker);
    expect(idsIn(copy, log)).toEqual([`${writer.fence}-1`, `${writer.fence}-2`]);
    expect(idsIn(copy, edge.log)).toEqual([`${edge.fence}-1`]);
    expect(idsIn(server, log)).toHaveLength(3);
    expect(taker.fence).toBeGreaterThan(writer.fence);

    server.store(log, taker.data('on the old one'));
    copy.store(log, writer.data('on the new one'));
    expect(idsIn(copy, log)).toHaveLength(3);
    expect(idsIn(server, log)).toHaveLength(4);
  });

  it('[LG8] … trims and sessions of their own included', () => {
    const { server, id, log } = claimed(100);
    const writer = new TestWriter(log, server.takeOutput(id, take(1)));
    for (const text of ['a', 'b', 'c']) server.store(log, writer.data(text));
    server.trim(log, { fence: writer.fence, seq: 3 });
    expect(idsIn(server, log)).toHaveLength(2);
    expect(
      idsIn(
        server.copyWithout((session) => (session === id ? 2 : 0)),
        log,
      ),
    ).toEqual([1, 2, 3].map((seq) => `${writer.fence}-${seq}`));
    expect(idsIn(server.copyWithout(), log)).toHaveLength(2);
    expect(
      idsIn(
        server.copyWithout(() => 1_000),
        log,
      ),
    ).toEqual([]);
  });

  it('keeps no history unless it is asked to', () => {
    const { server, id, log } = claimed(0);
    const writer = new TestWriter(log, server.takeOutput(id, take(1)));
    server.store(log, writer.data('a'));
    expect(
      idsIn(
        server.copyWithout(() => 1),
        log,
      ),
    ).toHaveLength(2);
  });

  it('[LG1] fences follow the wall clock, and rise though it stands still or jumps back', () => {
    const { clock, server, id } = claimed(0);
    const fences = [1, 2, 3].map((nonce) => new TestWriter({ session: id, log: 'out' }, server.takeOutput(id, take(nonce))).fence);
    expect(fences).toEqual([0, 1, 2].map((more) => clock.wallMs() + more));
    clock.advance(1_000);
    expect(new TestWriter({ session: id, log: 'out' }, server.takeOutput(id, take(4))).fence).toBe(clock.wallMs());
  });

  it('[LG9] what has expired is removed, also when nobody asks for it', () => {
    const { clock, server, id, log } = claimed(0);
    clock.advance(14 * 60_000);
    expect(server.touch(id, worker)).toBe(true);
    clock.advance(14 * 60_000);
    expect(server.readSession(id)).toBeDefined();
    clock.advance(60_001);
    expect(server.readSession(id)).toBeUndefined();
    expect(idsIn(server, log)).toBe('unknown');
  });

  it('[LG11] can be emptied, and can lose what lies in other slots alone', () => {
    const { server, id } = claimed(0);
    server.hints.renew(worker, 0);
    server.loseHints();
    expect([server.hints.lease(worker, 0), server.readSession(id)?.owner]).toEqual([undefined, worker]);
    server.clear();
    expect(server.readSession(id)).toBeUndefined();
  });
});
