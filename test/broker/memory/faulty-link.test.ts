import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FaultyLink, type LinkFaults } from '../../../src/broker/memory/faulty-link.ts';
import { MemoryBroker } from '../../../src/broker/memory/memory-broker.ts';
import { MemoryServer } from '../../../src/broker/memory/memory-server.ts';
import type { WorkerId } from '../../../src/protocol/ids.ts';
import { allEntries, claimedSession, Heard, idsOf, outputWriter, type TestWriter } from '../../contract/broker/material.ts';
import { ManualClock } from '../../upstream/clocks.ts';

/** One client on a virtual clock, and the faults that are drawn for it. */
class Bench {
  readonly clock = new ManualClock();
  readonly faults = { delayMs: () => 10, append: () => 'stored', arrivesLate: () => false } as {
    -readonly [K in keyof LinkFaults]: LinkFaults[K];
  };
  server: MemoryServer | undefined = new MemoryServer({ clock: this.clock, rememberedWrites: 100 });
  readonly link = new FaultyLink({
    clock: this.clock,
    random: { fraction: () => 0.5, bytes: (count) => new Uint8Array(count) },
    route: () => this.server,
    faults: this.faults,
  });
  readonly broker = new MemoryBroker(this.link, this.clock);

  /** Lets virtual time pass until the promise is settled. */
  async settle<Answer>(promise: Promise<Answer>, mostMs = 20_000): Promise<Answer> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    done.catch(() => undefined);
    for (let passedMs = 0; !settled && passedMs < mostMs; passedMs++) {
      this.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!settled) throw new Error('not settled');
    return done;
  }

  /** A writer on the log of a claimed session, with a listener that is confirmed. */
  async writer(): Promise<{ writer: TestWriter; heard: Heard }> {
    const id = await this.settle(claimedSession(this.broker));
    const writer = await this.settle(outputWriter(this.broker, id));
    const heard = new Heard();
    this.broker.logs.subscribe(writer.log, heard);
    await this.settle(this.broker.logs.read(writer.log, { fence: 0, seq: 0 }, 1));
    expect(heard.confirmed).toBe(1);
    return { writer, heard };
  }
}

describe('a link that misbehaves', () => {
  it('takes its time and keeps the order', async () => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    const delays = [43, 36, 29, 22, 15, 8];
    bench.faults.delayMs = () => delays.shift() ?? 1;
    const frames = ['a', 'b', 'c', 'd'].map((text) => writer.data(text));
    const startMs = bench.clock.now();
    const answers = await bench.settle(Promise.all(frames.map((frame) => bench.broker.logs.append(writer.log, frame))));
    expect(answers).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(bench.clock.now() - startMs).toBeGreaterThanOrEqual(43);
    bench.clock.advance(100);
    expect(heard.frames).toEqual(frames);
  });

  it('[LG4] refuses an append and delivers its push, or neither', async () => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    bench.faults.append = () => 'refused';
    expect(await bench.settle(bench.broker.logs.append(writer.log, writer.data('a')))).toBe('doubt');
    bench.faults.append = () => 'refused-unpushed';
    expect(await bench.settle(bench.broker.logs.append(writer.log, writer.data('b')))).toBe('doubt');
    bench.clock.advance(100);
    expect(heard.frames).toHaveLength(1);
    expect(await bench.settle(allEntries(bench.broker, writer.log))).toHaveLength(1);
    expect(heard.broke).toBe(0);
  });

  it('[LG6] loses an answer: stored, in doubt, and the subscription is broken', async () => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    bench.faults.append = () => 'answer-lost';
    expect(await bench.settle(bench.broker.logs.append(writer.log, writer.data('a')))).toBe('doubt');
    expect(heard.broke).toBe(1);
    expect(heard.frames).toHaveLength(0);
    const answer = await bench.settle(bench.broker.logs.reassert(writer.log, writer.claim));
    expect(answer).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 2 } });
  });

  it.each([true, false])('[LG6] what is under way when it breaks arrives late: %s', async (late) => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    bench.faults.arrivesLate = () => late;
    const append = bench.broker.logs.append(writer.log, writer.data('a'));
    bench.link.break();
    expect([await append, heard.broke]).toEqual(['doubt', 1]);
    expect(await bench.settle(allEntries(bench.broker, writer.log))).toHaveLength(late ? 2 : 1);
  });

  it('[LG6] while no server answers, doubt and failures come with the attempts to connect', async () => {
    const bench = new Bench();
    const { writer } = await bench.writer();
    const { server } = bench;
    bench.server = undefined;
    bench.link.break();
    const startMs = bench.clock.now();
    for (let attempt = 0; attempt < 6; attempt++) {
      const read = bench.broker.logs.read(writer.log, { fence: 0, seq: 0 }, 1).catch((failure: { code: string }) => failure.code);
      const answers = await bench.settle(Promise.all([bench.broker.logs.append(writer.log, writer.data('x')), read]));
      expect(answers).toEqual(['doubt', 'broker-unavailable']);
    }
    expect(bench.clock.now() - startMs).toBeGreaterThan(1_000);
    bench.server = server;
    expect(await bench.settle(bench.broker.logs.reassert(writer.log, writer.claim))).toMatchObject({ kind: 'tail' });
  });

  it('[LG6] a server that stands still breaks the link after the time-out and executes late what it had received', async () => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    bench.faults.arrivesLate = () => true;
    bench.link.freeze();
    const startMs = bench.clock.now();
    expect(await bench.settle(bench.broker.logs.append(writer.log, writer.data('a')))).toBe('doubt');
    expect(bench.clock.now() - startMs).toBe(2_000);
    expect(heard.broke).toBe(1);
    bench.link.thaw();
    expect(await bench.settle(allEntries(bench.broker, writer.log))).toHaveLength(2);
  });

  it('[LG8] a fail-over: the new server lacks the newest writes, the old one still answers who is connected', async () => {
    const bench = new Bench();
    const { writer } = await bench.writer();
    for (const text of ['a', 'b', 'c']) await bench.settle(bench.broker.logs.append(writer.log, writer.data(text)));
    const old = bench.server as MemoryServer;
    bench.server = old.copyWithout(() => 2);
    expect(await bench.settle(allEntries(bench.broker, writer.log))).toHaveLength(4);
    bench.link.break();
    const entries = await bench.settle(allEntries(bench.broker, writer.log));
    expect(idsOf(entries)).toEqual([`${writer.fence}-1`, `${writer.fence}-2`]);
    const answer = await bench.settle(bench.broker.logs.reassert(writer.log, writer.claim));
    expect(answer).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 2 } });
  });

  it('leaves nothing on the signal of a pull that was not answered', async () => {
    const bench = new Bench();
    const { signal } = new AbortController();
    bench.server = undefined;
    for (let count = 0; count < 12; count++) {
      await expect(bench.settle(bench.broker.opens.pull('w-1' as WorkerId, 1, signal))).rejects.toMatchObject({
        code: 'broker-unavailable',
      });
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('answers what is open when it is closed, and nothing after it', async () => {
    const bench = new Bench();
    const { writer, heard } = await bench.writer();
    const append = bench.broker.logs.append(writer.log, writer.data('a'));
    await bench.broker.close();
    expect(await append).toBe('doubt');
    expect(await bench.broker.logs.append(writer.log, writer.data('b'))).toBe('doubt');
    await expect(bench.broker.sessions.read(writer.log.session)).rejects.toMatchObject({ code: 'broker-unavailable' });
    expect(heard.broke).toBe(0);
    expect(bench.clock.pending).toBeLessThan(4);
  });
});
