import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/bin/system.ts';
import { LogAppender } from '../../src/broker/log-appender.ts';
import { LogFollower } from '../../src/broker/log-follower.ts';
import { LogReader } from '../../src/log/log-reader.ts';
import { dataOffer, LogWriter } from '../../src/log/log-writer.ts';
import { writeU64 } from '../../src/protocol/bytes.ts';
import { type Entry, entryContent } from '../../src/protocol/entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { startOfLog } from '../../src/protocol/position.ts';
import { WorkerPool } from '../../src/worker/pool.ts';
import { inputRequest, newSessionId, newStream, sessionOf, taken, worker } from '../contract/broker/material.ts';
import { platformRandom, startRedisTwin } from '../contract/broker/twins.ts';
import { FakeOpener } from '../support/fake-upstream.ts';
import { RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const tools = { clock: systemClock, random: platformRandom };

describe('a Redis that comes back empty', () => {
  it('[LG11] a running session goes on in both directions: nothing lost, doubled or declared', async () => {
    const server = await RedisServer.start();
    await using twin = startRedisTwin(server);
    const [edge, own] = await Promise.all([twin.client(), twin.client()]);
    const opener = new FakeOpener();
    const events: string[] = [];
    await using pool = new WorkerPool({
      broker: own,
      opener,
      worker,
      ...tools,
      crc32,
      unseal: () => undefined,
      audit: () => {},
      log: (event) => void events.push(event),
      maxSessions: 10,
      maxHeldBytes: 64 * 1024 * 1024,
    });
    await pool.start();

    const id = newSessionId();
    await edge.sessions.create(sessionOf(id));
    const claim = taken(await edge.logs.takeInput(id, inputRequest(newStream())));
    await edge.opens.push({ kind: 'open', session: id });
    let screen = '';
    const declared: string[] = [];
    const sink = {
      deliver: (entry: Entry) => {
        screen += Buffer.from(entryContent(entry)).toString();
      },
      gap: () => void declared.push('gap'),
      rewound: () => void declared.push('rewound'),
      roomEntries: () => 16,
    };
    const followed = { ephemeral: () => undefined, owner: () => undefined, unknown: () => undefined, connected: () => undefined };
    const out = { session: id, log: 'out' } as const;
    const follower = new LogFollower(edge.logs, edge.logs, out, new LogReader(sink, startOfLog, startOfLog), followed, tools);
    follower.start();
    const stopped: string[] = [];
    const appended = { stored: () => undefined, stopped: (verdict: string) => void stopped.push(verdict), doubt: () => undefined };
    const keyboard = new LogAppender(edge.logs, { session: id, log: 'in' }, new LogWriter(claim, crc32), appended, tools);
    let typed = 0;
    const type = (text: string) => {
      const lead = new Uint8Array(8);
      writeU64(lead, 0, typed);
      typed += text.length;
      keyboard.offer(dataOffer(FrameType.inputData, 0, Buffer.from(text), lead));
    };

    await until(() => opener.opened.length === 1);
    type('one ');
    opener.upstream.print('before ');
    await until(() => screen === 'before ' && opener.upstream.typed === 'one ');
    for (let round = 1; round <= 2; round++) {
      await server.kill();
      type(`two${round} `);
      opener.upstream.print(`during${round} `);
      await server.restart();
      await until(() => screen.endsWith(`during${round} `) && opener.upstream.typed.endsWith(`two${round} `), {
        withinMs: 30_000,
        what: () => JSON.stringify({ screen, typed: opener.upstream.typed, events, stopped }),
      });
    }
    opener.upstream.print('after');
    await until(() => screen.endsWith('after'));
    expect(screen).toBe('before during1 during2 after');
    expect(opener.upstream.typed).toBe('one two1 two2 ');
    expect([declared, stopped]).toEqual([[], []]);
    expect(await edge.sessions.read(id)).toMatchObject({ state: 'owned', owner: worker, started: true });
    expect(events.filter((event) => event === 'session restored')).toHaveLength(2);
    follower.close();
    keyboard.close();
  }, 120_000);
});
