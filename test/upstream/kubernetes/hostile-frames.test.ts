import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { parseEndReason } from '../../../src/protocol/end-reason.ts';
import { decodeJsonObject, encodeJson } from '../../../src/protocol/json.ts';
import { ChannelUpstream } from '../../../src/upstream/kubernetes/channel-upstream.ts';
import { LogSocketUpstream } from '../../../src/upstream/kubernetes/log-socket-upstream.ts';
import type { MessageSocket } from '../../../src/upstream/kubernetes/message-socket.ts';
import { channelProtocol, type Framing } from '../../../src/upstream/kubernetes/subprotocol.ts';
import { pinned } from '../../support/fuzz.ts';
import { until } from '../../support/until.ts';
import { ManualClock } from '../clocks.ts';
import { OddServer } from '../odd-server.ts';
import { Recorder } from '../recorder.ts';

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'base64.channel.k8s.io', 'channel.k8s.io'];
const protocol = fc.constantFrom(...protocols).map(channelProtocol);
const framing = fc.constantFrom<Framing>('binary', 'base64');
const payload = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array));

/** A status whole, and one whose fields have any type. */
const status = fc
  .oneof(
    fc.record({
      status: fc.constantFrom('Success', 'Failure'),
      message: fc.oneof(fc.string(), fc.jsonValue()),
      reason: fc.oneof(fc.constant('NonZeroExitCode'), fc.jsonValue()),
      code: fc.jsonValue(),
      details: fc.oneof(
        fc.jsonValue(),
        fc.record({
          causes: fc.array(fc.record({ reason: fc.constant('ExitCode'), message: fc.oneof(fc.nat(999).map(String), fc.jsonValue()) })),
        }),
      ),
    }),
    fc.jsonValue(),
    fc.constant('command terminated with non-zero exit code: x, exit code 3'),
  )
  .map((value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

const channelNumber = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 255), fc.nat(255));
const content = fc.oneof(payload, status, fc.constant(Buffer.from([0])));
const binary = fc.tuple(channelNumber, content).map(([channel, bytes]) => Buffer.concat([Uint8Array.of(channel), bytes]));
const digits = fc.oneof(
  content.map((bytes) => bytes.toString('base64')),
  content.map((bytes) => bytes.toString('base64url')),
  content.map((bytes) => bytes.toString('base64').slice(0, -1)),
  fc.string({ maxLength: 20 }),
);
const base64 = fc
  .tuple(fc.oneof(fc.constantFrom('0', '1', '2', '3', '4', 'ÿ', ''), fc.string({ maxLength: 1 })), digits)
  .map((parts) => Buffer.from(parts.join('')));
/** Of either framing, whatever was agreed, or of none. */
const message = fc.oneof(binary, base64, payload, fc.constant(Buffer.alloc(0)));
const ending = fc.tuple(
  fc.constantFrom(1000, 1001, 1005, 1006, 1011, 4000),
  fc.constantFrom(undefined, undefined, 'too-large' as const, 'protocol' as const),
);

/** What base64 text stands for, said in another way than the code says it. */
function unpacked(text: string): Buffer | undefined {
  const [, body] = /^([A-Za-z0-9+/_-]*)={0,2}$/.exec(text) ?? [];
  return body === undefined || body.length % 4 === 1 ? undefined : Buffer.from(body, 'base64');
}

/** Messages up to the first that is damaged: what each channel was given. */
function expected(form: Framing, messages: readonly Buffer[]) {
  const given = { stdout: [] as Buffer[], stderr: [] as Buffer[], damaged: false };
  for (const bytes of messages) {
    if (given.damaged) break;
    const text = bytes.toString('latin1');
    const number = form === 'binary' ? bytes[0] : '0123456789'.indexOf(text[0] ?? '-');
    if (bytes.length < 2 || (number !== 1 && number !== 2 && number !== 3)) continue;
    const body = form === 'binary' ? bytes.subarray(1) : unpacked(text.slice(1));
    if (!body) given.damaged = true;
    else if (number !== 3) given[number === 1 ? 'stdout' : 'stderr'].push(body);
  }
  return { ...given, stdout: Buffer.concat(given.stdout), stderr: Buffer.concat(given.stderr) };
}

/** A socket that takes everything; nothing else of it is used here. */
function silentSocket(): MessageSocket {
  const nothing = () => {};
  const socket = { received: 0, backlogBytes: 0, send: () => true, ping: nothing, pause: nothing, resume: nothing, terminate: nothing };
  return socket as unknown as MessageSocket;
}

function expectDeclared({ end }: Recorder): void {
  // It travels as JSON in an exit entry and must come out as it went in.
  expect(parseEndReason(decodeJsonObject(encodeJson(end ?? {})))).toEqual(end);
}

describe('an upstream that sends what none sends', () => {
  it('[UP4] exec and attach: only what channels 1 and 2 carry is output, in order; the end is declared once, and no timer is left', () => {
    const target = fc.constantFrom<'exec' | 'attach'>('exec', 'attach');
    fc.assert(
      fc.property(
        protocol,
        target,
        fc.boolean(),
        fc.array(message, { maxLength: 12 }),
        ending,
        (spoken, kind, tty, messages, [code, failure]) => {
          const [clock, events] = [new ManualClock(), new Recorder()];
          const upstream = new ChannelUpstream({ target: kind, tty, size: { cols: 80, rows: 24 } }, events, clock);
          upstream.attach(silentSocket(), spoken);
          for (const bytes of messages) upstream.socket.message(bytes);
          const given = expected(spoken.framing, messages);
          expect(Buffer.concat(events.stdout)).toEqual(given.stdout);
          expect(Buffer.concat(events.stderr)).toEqual(given.stderr);
          expect(events.end?.reason).toBe(given.damaged ? 'damaged-frame' : undefined);
          upstream.socket.closed(code, failure);
          expectDeclared(events);
          upstream.socket.message(Buffer.from([1, 65]));
          upstream.socket.closed(1000, undefined);
          upstream.socket.drained();
          expect(clock.pending).toBe(0);
        },
      ),
      pinned(41, 1_500),
    );
  });

  it('[UP6] log: every message is output, in order, up to one that is damaged', () => {
    fc.assert(
      fc.property(
        framing,
        fc.array(fc.oneof(message, digits.map(Buffer.from)), { maxLength: 12 }),
        ending,
        (form, messages, [code, failure]) => {
          const [clock, events] = [new ManualClock(), new Recorder()];
          const upstream = new LogSocketUpstream(events, clock);
          upstream.attach(silentSocket(), form);
          const bodies = form === 'binary' ? messages : messages.map((bytes) => unpacked(bytes.toString('latin1')));
          const damaged = bodies.indexOf(undefined);
          for (const bytes of messages) upstream.socket.message(bytes);
          const whole = bodies.slice(0, damaged === -1 ? bodies.length : damaged) as Buffer[];
          expect(Buffer.concat(events.stdout)).toEqual(Buffer.concat(whole));
          expect(events.end?.reason).toBe(damaged === -1 ? undefined : 'damaged-frame');
          upstream.socket.closed(code, failure);
          expectDeclared(events);
          upstream.socket.message(Buffer.from('YQ=='));
          expect(clock.pending).toBe(0);
        },
      ),
      pinned(42, 1_000),
    );
  });

  it('[UP4] a status is read wherever it is cut, and what is beyond 64 KiB of it is not kept', () => {
    fc.assert(
      fc.property(status, fc.nat(100), fc.constantFrom(0, 70_000), (whole, cut, blanks) => {
        const ends = [[whole], [whole.subarray(0, cut), whole.subarray(cut)]].map((pieces) => {
          const events = new Recorder();
          const clock = new ManualClock();
          const upstream = new ChannelUpstream({ target: 'exec', tty: true, size: { cols: 80, rows: 24 } }, events, clock);
          upstream.attach(silentSocket(), channelProtocol('v4.channel.k8s.io'));
          for (const piece of [...pieces, Buffer.alloc(blanks, ' '), Buffer.from(blanks > 0 ? '}' : '')])
            upstream.socket.message(Buffer.concat([Uint8Array.of(3), piece]));
          upstream.socket.closed(1000, undefined);
          expectDeclared(events);
          return events.end;
        });
        expect(ends[0]).toEqual(ends[1]);
      }),
      pinned(43, 500),
    );
  });

  it('[UP2] arbitrary bytes, frames and fragments on the wire: the end is declared, and what came before it is whole', async () => {
    await using server = await OddServer.start({});
    const opcode = fc.constantFrom(0, 1, 2, 3, 8, 9, 10, 15);
    const frame = fc.tuple(opcode, fc.boolean(), fc.oneof(message, payload)).map(([code, last, bytes]) => {
      const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
      return Buffer.concat([Uint8Array.of((last ? 0x80 : 0) | code, ...length), bytes]);
    });
    const huge = fc
      .constantFrom([0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0], [0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0], [0x82, 0xff])
      .map((bytes) => Buffer.from(bytes));
    const raw = fc.array(fc.oneof(frame, frame, payload, huge), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom<'exec' | 'log'>('exec', 'log'), raw, async (kind, parts) => {
        const { upstream, events } = await server.open({ kind });
        const client = server.clients.at(-1) as WebSocket & { readonly _socket: NodeJS.WritableStream };
        client._socket.write(Uint8Array.of(0x82, 3, 1, 0x68, 0x69));
        client._socket.end(Buffer.concat(parts));
        await until(() => events.end, { what: 'a declared end' });
        expectDeclared(events);
        expect(events.text().startsWith(kind === 'exec' ? 'hi' : '\u0001hi')).toBe(true);
        upstream.close();
        client.terminate();
      }),
      pinned(44, 150),
    );
    await until(() => server.clock.pending === 0);
  }, 600_000);
});
