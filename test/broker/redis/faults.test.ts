import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { decodeEntry } from '../../../src/protocol/entry.ts';
import {
  allEntries,
  claimedSession,
  Heard,
  idOf,
  newSessionId,
  outputWriter,
  type TestWriter,
  worker,
} from '../../contract/broker/material.ts';
import { startRedisTwin } from '../../contract/broker/twins.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

/** Writes numbered entries as a log writer does: one un-answered, after a doubt compare, then resend what is above the tail (LG2, LG6). */
class SteadyWriter {
  readonly writer: TestWriter;
  readonly #broker: Broker;
  readonly ring: Uint8Array[] = [];
  stored = 0;
  doubts = 0;
  stop = false;

  constructor(broker: Broker, writer: TestWriter) {
    this.#broker = broker;
    this.writer = writer;
  }

  async run(): Promise<void> {
    while (!this.stop || this.stored < this.ring.length) {
      if (!this.stop && this.stored === this.ring.length) this.ring.push(this.writer.data(`${this.ring.length};`));
      const frame = this.ring[this.stored] as Uint8Array;
      if ((await this.#broker.logs.append(this.writer.log, frame)) === 'stored') this.stored++;
      else await this.#compare();
    }
  }

  async #compare(): Promise<void> {
    this.doubts++;
    const answer = await this.#broker.logs.reassert(this.writer.log, this.writer.claim).catch(() => undefined);
    if (!answer) return;
    if (answer.kind !== 'tail') throw new Error(answer.kind);
    this.stored = this.ring.filter((frame) => (decodeEntry(frame)?.seq ?? 0) <= answer.tail.seq).length;
  }
}

describe('the broker on a Redis that misbehaves', () => {
  it('[LG6] kill -9 under appends: after the restart the writer goes on, nothing is lost, doubled or out of order', async () => {
    const server = await RedisServer.start({ durable: true });
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const steady = new SteadyWriter(broker, await outputWriter(broker, await claimedSession(broker)));
    const running = steady.run();
    for (let kill = 0; kill < 3; kill++) {
      const before = steady.stored;
      await until(() => steady.stored > before + 50);
      await server.kill();
      await server.restart();
    }
    const before = steady.stored;
    await until(() => steady.stored > before + 50);
    steady.stop = true;
    await running;
    expect(steady.doubts).toBeGreaterThanOrEqual(3);
    const [, ...entries] = await allEntries(broker, steady.writer.log);
    expect(entries.map(({ frame }) => Buffer.from(frame).toString('hex'))).toEqual(
      steady.ring.map((frame) => Buffer.from(frame).toString('hex')),
    );
  });

  it('[LG11] a restart without data: appends are doubt, the session is unknown', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const writer = await outputWriter(broker, await claimedSession(broker));
    await server.kill();
    expect(await broker.logs.append(writer.log, writer.data('x'))).toBe('doubt');
    await server.restart();
    const answer = await until(() => broker.logs.reassert(writer.log, writer.claim).catch(() => undefined));
    expect(answer).toEqual({ kind: 'unknown', young: true });
    expect(await broker.logs.read(writer.log, { fence: 0, seq: 0 }, 16)).toEqual({ kind: 'unknown', young: true });
    expect(await until(() => broker.sessions.claim(newSessionId(), worker).catch(() => undefined))).toEqual({ kind: 'unknown' });
    const session = newSessionId();
    await broker.opens.push({ kind: 'open', session });
    const pulled = await until(() => broker.opens.pull(worker, 1, new AbortController().signal).catch(() => undefined));
    expect(pulled).toMatchObject([{ kind: 'open', session }]);
  });

  it('[LG6] a dead server: doubt and unavailable at the pace of the attempts to connect, no sooner, no later', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const writer = await outputWriter(broker, await claimedSession(broker));
    await server.kill();
    await until(() => !broker.health.up());
    const startMs = performance.now();
    let answers = 0;
    while (performance.now() - startMs < 1_500) {
      expect(await broker.logs.append(writer.log, writer.data('x'))).toBe('doubt');
      await expect(broker.logs.read(writer.log, { fence: 0, seq: 0 }, 1)).rejects.toMatchObject({ code: 'broker-unavailable' });
      answers += 2;
    }
    expect(answers).toBeLessThan(30);
    const askedMs = performance.now();
    await expect(broker.sessions.read(writer.log.session)).rejects.toMatchObject({ code: 'broker-unavailable' });
    await expect(broker.health.ping()).rejects.toMatchObject({ code: 'broker-unavailable' });
    expect(performance.now() - askedMs).toBeLessThan(4_500);
  });

  it('[LG6] a hung server: doubt and unavailable within the time-out; what was under way is executed late; all heals', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const writer = await outputWriter(broker, await claimedSession(broker));
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    server.freeze();
    const startMs = performance.now();
    const late = writer.data('late');
    const asked = [
      broker.logs.append(writer.log, late),
      broker.logs.read(writer.log, { fence: 0, seq: 0 }, 16).catch((failure: { code: string }) => failure.code),
      broker.sessions.read(writer.log.session).catch((failure: { code: string }) => failure.code),
      broker.leases.renew(worker).catch((failure: { code: string }) => failure.code),
    ];
    expect(await Promise.all(asked)).toEqual(['doubt', 'broker-unavailable', 'broker-unavailable', 'broker-unavailable']);
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(heard.broke).toBe(1);
    expect(heard.frames).toHaveLength(0);
    server.thaw();
    const answer = await until(() => broker.logs.reassert(writer.log, writer.claim).catch(() => undefined));
    expect(answer).toEqual({ kind: 'tail', tail: { fence: writer.fence, seq: 2 } });
    expect((await allEntries(broker, writer.log)).map(({ frame }) => idOf(frame))).toContain(idOf(late));
    expect(await broker.logs.append(writer.log, writer.data('on'))).toBe('stored');
    await until(() => broker.sessions.read(writer.log.session).catch(() => undefined));
    await until(() => broker.health.up());
  });

  it('[LG4] a subscriber connection that is silent, with a server that hangs and nothing asked, is noticed', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const heard = new Heard();
    broker.logs.subscribe({ session: await claimedSession(broker), log: 'out' }, heard);
    await until(() => heard.confirmed === 1);
    server.freeze();
    await until(() => heard.broke === 1, { withinMs: 7_000 });
    server.thaw();
  });

  it('[LG6] a process that stood still itself does not take the server for dead', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const broker = await twin.client();
    const writer = await outputWriter(broker, await claimedSession(broker));
    const heard = new Heard();
    broker.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const append = broker.logs.append(writer.log, writer.data('x'));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const standStillUntilMs = performance.now() + 5_000;
    while (performance.now() < standStillUntilMs);
    expect(await append).toBe('stored');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard.broke).toBe(0);
  });
});
