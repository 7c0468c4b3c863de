import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import { decodeEntry } from '../../../src/protocol/entry.ts';
import { encodeEphemeral } from '../../../src/protocol/ephemeral.ts';
import { until } from '../../support/until.ts';
import { claimedSession, Heard, idOf, outputWriter } from './material.ts';
import { breakableTwins, type TwinServer, twins } from './twins.ts';

describe.each(twins)('subscriptions: $name', (twin) => {
  let server: TwinServer;
  let broker: Broker;
  let other: Broker;
  beforeAll(async () => {
    server = await twin.start();
    [broker, other] = await Promise.all([server.client(), server.client()]);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[LG5] what is appended after the confirmation is pushed; what was appended before a read is read', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    for (let round = 0; round < 20; round++) {
      const heard = new Heard();
      const before = writer.data('before');
      const appended = broker.logs.append(writer.log, before);
      const subscription = other.logs.subscribe(writer.log, heard);
      await until(() => heard.confirmed === 1);
      const page = other.logs.read(writer.log, { fence: 0, seq: 0 }, 1000);
      const after = writer.data('after');
      await appended;
      await broker.logs.append(writer.log, after);
      const answer = await page;
      const ids = answer.kind === 'page' ? answer.entries.map(({ fence, seq }) => `${fence}-${seq}`) : [];
      await until(() => heard.ids.includes(idOf(after)));
      expect([...ids, ...heard.ids]).toContain(idOf(before));
      subscription.close();
    }
  });

  it('[LG4] ephemeral frames keep their place among the pushes and enter no log', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const heard = new Heard();
    other.logs.subscribe(writer.log, heard);
    await until(() => heard.confirmed === 1);
    const stall = encodeEphemeral({ input: 1, output: 2 }, { kind: 'stall', headOffset: 3 });
    const [first, second] = [writer.data('1'), writer.data('2')];
    const appended = [broker.logs.append(writer.log, first)];
    broker.logs.publish(writer.log, stall);
    appended.push(broker.logs.append(writer.log, second));
    expect(await Promise.all(appended)).toEqual(['stored', 'stored']);
    await until(() => heard.frames.length === 3);
    expect(heard.frames.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
      [first, stall, second].map((f) => Buffer.from(f).toString('hex')),
    );
    const page = await broker.logs.read(writer.log, { fence: 0, seq: 0 }, 16);
    expect(page.kind === 'page' && page.entries).toHaveLength(3);
  });

  it('[DR3] several listeners of one client share a channel, and each ends alone', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const [one, two, three] = [new Heard(), new Heard(), new Heard()];
    const first = other.logs.subscribe(writer.log, one);
    await until(() => one.confirmed === 1);
    other.logs.subscribe(writer.log, two);
    await until(() => two.confirmed === 1);
    await broker.logs.append(writer.log, writer.data('both'));
    await until(() => one.frames.length === 1 && two.frames.length === 1);
    first.close();
    first.close();
    other.logs.subscribe(writer.log, three);
    await until(() => three.confirmed === 1);
    await broker.logs.append(writer.log, writer.data('without the first'));
    await until(() => two.frames.length === 2 && three.frames.length === 1);
    expect(one.frames).toHaveLength(1);
  });

  it('[LG5] closing and listening again in one breath starts anew', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const seen: Heard[] = [];
    for (let round = 0; round < 10; round++) {
      const heard = new Heard();
      seen.push(heard);
      const subscription = other.logs.subscribe(writer.log, heard);
      if (round % 2 === 0) await until(() => heard.confirmed === 1);
      if (round < 9) subscription.close();
    }
    const last = seen[9] as Heard;
    await until(() => last.confirmed === 1);
    await broker.logs.append(writer.log, writer.data('x'));
    await until(() => last.frames.length === 1);
    expect(seen.map(({ confirmed, broke, frames }) => [confirmed, broke, frames.length])).toEqual(
      seen.map((_, round) => [round % 2 === 0 || round === 9 ? 1 : 0, 0, round === 9 ? 1 : 0]),
    );
  });

  it('[LG5] pushes that come before the confirmation belong to an older subscription', async () => {
    const writer = await outputWriter(broker, await claimedSession(broker));
    const seen: Heard[] = [];
    let stop = false;
    const flood = (async () => {
      while (!stop) {
        await broker.logs.append(writer.log, writer.data('x'));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 30; round++) {
      const heard = new Heard();
      seen.push(heard);
      const subscription = other.logs.subscribe(writer.log, heard);
      await until(() => heard.frames.length > 2);
      subscription.close();
    }
    stop = true;
    await flood;
    expect(seen.map(({ early }) => early)).toEqual(seen.map(() => 0));
    for (const { frames } of seen) {
      const seqs = frames.map((frame) => decodeEntry(frame)?.seq ?? 0);
      expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    }
  });

  it('[LG4] the channel of one log carries nothing of another', async () => {
    const id = await claimedSession(broker);
    const [out, input] = [new Heard(), new Heard()];
    other.logs.subscribe({ session: id, log: 'out' }, out);
    other.logs.subscribe({ session: id, log: 'in' }, input);
    await until(() => out.confirmed === 1 && input.confirmed === 1);
    const writer = await outputWriter(broker, id);
    await broker.logs.append(writer.log, writer.data('x'));
    await until(() => out.frames.length === 2);
    expect(input.frames).toHaveLength(0);
  });
});

describe.each(breakableTwins)('subscriptions that break: $name', (twin) => {
  it('[LG4] a lost push is a broken subscription: told once, nothing comes after it, a new one works', async () => {
    await using server = await twin.start();
    const [broker, other] = await Promise.all([server.client(), server.client()]);
    const writer = await outputWriter(broker, await claimedSession(broker));
    const [old, fresh, waiting] = [new Heard(), new Heard(), new Heard()];
    other.logs.subscribe(writer.log, {
      ...old,
      subscribed: old.subscribed,
      push: old.push,
      broken: () => {
        old.broken();
        other.logs.subscribe(writer.log, fresh);
      },
    });
    await until(() => old.confirmed === 1);
    await server.breakLinks();
    await until(() => old.broke === 1);
    other.logs.subscribe(writer.log, waiting);
    await until(() => fresh.confirmed === 1 && waiting.confirmed === 1, { withinMs: 5_000 });
    await until(async () => (await broker.logs.append(writer.log, writer.data('x'))) === 'stored');
    await until(() => fresh.frames.length > 0 && waiting.frames.length > 0);
    expect(old.frames).toHaveLength(0);
    expect([old.broke, fresh.broke, waiting.broke]).toEqual([1, 0, 0]);
  });

  it('[LG4] after close nothing is told any more', async () => {
    await using server = await twin.start();
    const broker = await server.client();
    const id = await claimedSession(broker);
    const [closed, open] = [new Heard(), new Heard()];
    const subscription = broker.logs.subscribe({ session: id, log: 'out' }, closed);
    broker.logs.subscribe({ session: id, log: 'out' }, open);
    await until(() => closed.confirmed === 1 && open.confirmed === 1);
    subscription.close();
    await server.breakLinks();
    await until(() => open.broke === 1);
    expect(closed.broke).toBe(0);
  });
});
