import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.ts';
import type { LogName, TakeAnswer, TakeMode } from '../../../src/broker/log-store.ts';
import type { Entry } from '../../../src/protocol/entry.ts';
import { type ClientStream, noStream, type SessionId, type WorkerId } from '../../../src/protocol/ids.ts';
import { until } from '../../support/until.ts';
import { allEntries, inputRequest, sessionOf, TestWriter } from './material.ts';
import { breakableTwins, type TwinServer } from './twins.ts';

/** A small generator of our own (mulberry32): a failing seed replays. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const workers = ['w-0', 'w-1'] as WorkerId[];
const streams = ['a', 'b', 'c'].map((digit) => digit.repeat(32) as ClientStream);

/** One broker that is put through the operations of a seed. Fences differ between servers, so they are named in the order of their birth. */
class Run {
  readonly told: string[] = [];
  readonly #server: TwinServer;
  readonly #broker: Broker;
  readonly #id: SessionId;
  readonly #fences: number[] = [0];
  readonly #writers: TestWriter[] = [];
  readonly #frames: { readonly log: LogName; readonly frame: Uint8Array }[] = [];
  #failOver: (() => Promise<void>) | undefined;

  constructor(server: TwinServer, broker: Broker, id: SessionId) {
    this.#server = server;
    this.#broker = broker;
    this.#id = id;
  }

  async play(seed: number, steps: number): Promise<void> {
    const draw = seeded(seed);
    const { sessions } = this.#broker;
    this.#tell('create', await sessions.create(sessionOf(this.#id, { keyHash: 'k', subject: 's' })));
    this.#tell('claim', await sessions.claim(this.#id, 'w-0' as WorkerId));
    for (let step = 0; step < steps; step++) await this.#step(draw(17), draw, seed * 1000 + step);
    for (const log of ['out', 'in'] as const) {
      const page = await this.#ask(() => this.#broker.logs.read({ session: this.#id, log }, { fence: 0, seq: 0 }, 1000));
      if (page.kind !== 'page') throw new Error(page.kind);
      this.#tell(log, {
        ended: page.ended,
        owner: page.owner,
        table: page.table,
        entries: page.entries.map((entry) => this.#shown(entry)),
      });
    }
    this.#tell('record', await this.#ask(() => sessions.read(this.#id)));
  }

  async #step(what: number, draw: (below: number) => number, nonce: number): Promise<void> {
    // A later millisecond, so that no two fences of one run have one number.
    const afterMs = Date.now() + 1;
    await until(() => Date.now() > afterMs);
    const { logs, sessions } = this.#broker;
    const worker = workers[draw(2)] as WorkerId;
    if (what < 2) {
      const request = { nonce: nonce - draw(3), writer: worker, expectedOwner: workers[draw(2)] as WorkerId, newOwner: worker };
      this.#took('out', await this.#ask(() => logs.takeOutput(this.#id, request)));
    } else if (what < 5) {
      const request = {
        ...inputRequest(streams[draw(3)] as ClientStream, this.#mode(draw), { typed: draw(4) }, 1 + draw(3)),
        nonce: nonce - draw(3),
      };
      this.#took('in', await this.#ask(() => logs.takeInput(this.#id, request)));
    } else if (what < 10) {
      const writer = this.#writers[draw(this.#writers.length || 1)];
      if (!writer) return;
      const sent =
        draw(4) === 0 ? this.#frames[draw(this.#frames.length || 1)] : { log: writer.log, frame: writer.data('x'.repeat(draw(5))) };
      if (!sent) return;
      this.#frames.push(sent);
      this.#tell('append', await this.#append(sent.log, sent.frame));
    } else if (what < 12) {
      const writer = this.#writers[draw(this.#writers.length || 1)];
      if (writer) this.#tell('reassert', await this.#ask(() => logs.reassert(writer.log, writer.claim)));
    } else if (what === 12) {
      await this.#ask(() => logs.leave(this.#id, this.#fences[draw(this.#fences.length)] ?? 0));
    } else if (what === 13) {
      const log = { session: this.#id, log: draw(2) ? 'out' : 'in' } as const;
      const entries = await this.#ask(() => allEntries(this.#broker, log));
      const first = entries[draw(entries.length || 1)];
      if (first) logs.trim(log, first);
    } else if (what === 14) {
      if (this.#failOver && draw(2)) await this.#failOver();
      else this.#failOver = await this.#server.rememberSession(this.#id);
    } else if (what === 15) {
      const state = [
        await this.#ask(() => sessions.release(this.#id, worker, draw(2) ? 'started' : 'unstarted')),
        await this.#ask(() => sessions.claim(this.#id, worker)),
      ];
      this.#tell('release, claim', state);
      if (draw(2)) this.#tell('started', await this.#ask(() => sessions.started(this.#id, worker)));
    } else if (draw(8) === 0) {
      const request = { owner: worker, nonce, reason: { kind: 'ended', message: 'über' }, keepMs: 60_000 } as const;
      this.#tell('end', await this.#ask(() => logs.end(this.#id, request)));
    }
  }

  #mode(draw: (below: number) => number): TakeMode {
    const kind = draw(4);
    if (kind === 0) return { kind: 'force' };
    if (kind === 1) return { kind: 'if-fence', fence: this.#fences.at(-1 - draw(2)) ?? 0 };
    return draw(2) ? { kind: 'resume' } : { kind: 'resume', former: [noStream, streams[draw(3)] ?? noStream] };
  }

  #took(log: LogName['log'], answer: TakeAnswer): void {
    if (answer.kind !== 'taken') return this.#tell('take', answer);
    const { fence } = answer.fence.position;
    if (!this.#fences.includes(fence)) this.#fences.push(fence);
    this.#writers.push(new TestWriter({ session: this.#id, log }, answer));
    this.#tell('take', { ...answer, frame: undefined });
  }

  /** A link that was just broken answers doubt without having asked: bring it up first. */
  async #append(log: LogName, frame: Uint8Array): Promise<string> {
    await this.#ask(() => this.#broker.logs.read(log, { fence: 0, seq: 0 }, 1));
    return this.#broker.logs.append(log, frame);
  }

  #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    let answer: Answer;
    return until(() =>
      ask().then(
        (given) => {
          answer = given;
          return true;
        },
        () => false,
      ),
    ).then(() => answer);
  }

  #shown({ type, flags, fence, seq, offset, crc, frame }: Entry): object {
    return {
      type,
      flags,
      fence,
      seq,
      offset,
      crc,
      content: Buffer.from(frame.subarray(fence === 0 ? 0 : 28))
        .toString('hex')
        .slice(-16),
    };
  }

  #tell(what: string, answer: unknown): void {
    const text = JSON.stringify(answer, (key, value: unknown) => {
      if (key !== 'fence' && key !== 'outputFence') return sorted(value);
      return typeof value === 'number' ? `fence ${this.#fences.indexOf(value)}` : value;
    });
    this.told.push(`${what}: ${text}`);
  }
}

/** Objects with their fields in one order, however they were made. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('the twins', () => {
  it('[LG1] answer alike and leave the same logs, whatever is done in whatever order', async () => {
    await using memory = await (breakableTwins[0] as (typeof breakableTwins)[number]).start();
    await using redis = await (breakableTwins[1] as (typeof breakableTwins)[number]).start();
    const brokers = [await memory.client(), await redis.client()] as const;
    for (let seed = 1; seed <= 30; seed++) {
      const id = `alike-session-${String(seed).padStart(4, '0')}` as SessionId;
      const runs = [new Run(memory, brokers[0], id), new Run(redis, brokers[1], id)] as const;
      await Promise.all(runs.map((run) => run.play(seed, 60)));
      const first = runs[0].told.findIndex((told, step) => told !== runs[1].told[step]);
      const before = runs[0].told.slice(Math.max(0, first - 5), Math.max(0, first));
      expect([...before, runs[1].told[first]], `seed ${seed}`).toEqual([...before, runs[0].told[first]]);
      expect(runs[1].told).toHaveLength(runs[0].told.length);
    }
  }, 120_000);
});
