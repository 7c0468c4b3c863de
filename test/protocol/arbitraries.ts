import * as fc from 'fast-check';
import type { ClientFrame } from '../../src/protocol/client-frame.ts';
import { clientOffsetBytes, type EntryHeader } from '../../src/protocol/entry.ts';
import type { Ephemeral } from '../../src/protocol/ephemeral.ts';
import type { FenceEntry } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { Gap } from '../../src/protocol/gap.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import { logCursorBytes } from '../../src/protocol/log-cursor.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { ServerFrame } from '../../src/protocol/server-frame.ts';
import type { Control, SessionStatus, WorkerStatus } from '../../src/protocol/session-status.ts';

/** Any value of each part of the wire, with the corners of every integer drawn often. */

export const u16 = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0xff, 0x100, 0xffff));
export const u32 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff));
export const u48 = fc.oneof(
  fc.maxSafeNat().map((value) => value % 2 ** 48),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1),
);
/** What a u64 field may hold: up to 2^53 − 1. */
export const u64 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER));
export const u8 = fc.nat(255);

const hex32 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
export const stream = hex32 as fc.Arbitrary<ClientStream>;
export const session = fc.stringMatching(/^[A-Za-z0-9_-]{16,32}$/) as fc.Arbitrary<SessionId>;
const writer = fc.stringMatching(/^[A-Za-z0-9_.-]{1,63}$/);
const connection = fc.integer({ min: 1, max: 0xffffffff });
const cells = fc.integer({ min: 1, max: 65535 });
const word = fc.string({ unit: 'grapheme', maxLength: 16 });

export const position: fc.Arbitrary<Position> = fc.record({ fence: u48, seq: u64, offset: u64, crc: u32 });
const entryNumbers = { fence: u48.map((fence) => fence || 1), seq: u64.map((seq) => seq || 1), offset: u64, crc: u32 };

/** A header with a payload that is long enough for its type. */
export const entry: fc.Arbitrary<{ header: EntryHeader; payload: Uint8Array }> = fc
  .record({
    header: fc.record({ type: fc.integer({ min: 1, max: 31 }).filter((type) => type !== 16), flags: u8, ...entryNumbers }),
    lead: u64,
    content: fc.uint8Array({ maxLength: 64 }),
  })
  .map(({ header, lead, content }) => {
    const payload = new Uint8Array(logCursorBytes + content.length);
    new DataView(payload.buffer).setBigUint64(0, BigInt(lead));
    payload.set(content, clientOffsetBytes);
    return { header, payload };
  });

const driver = fc.record({
  stream,
  connection: u32,
  next: u64,
  cols: u16,
  rows: u16,
  credit: fc.record({ outputFence: u48, offset: u64, windowBytes: u32 }),
});

export const fenceEntry: fc.Arbitrary<FenceEntry> = fc
  .record(
    { position: fc.record(entryNumbers), baseFence: u48, baseSeq: u64, nonce: u64, writer, driver },
    { requiredKeys: ['position', 'baseFence', 'baseSeq', 'nonce', 'writer'] },
  )
  .map(({ baseFence, baseSeq, ...rest }) => {
    const { offset, crc } = rest.position;
    return { ...rest, base: { fence: baseFence, seq: baseSeq, offset, crc } };
  });

export const gap: fc.Arbitrary<Gap> = fc.record({ sizeBytes: u64, cause: fc.constantFrom(1, 2, 3, 4, 5) });

const workerStatus: fc.Arbitrary<WorkerStatus> = fc.record(
  { worker: writer, upstream: fc.constantFrom('connecting', 'open', 'paused', 'ended'), driver: fc.record({ stream, fence: u48 }) },
  { requiredKeys: ['worker', 'upstream'] },
);

const is = <Kind extends string>(kind: Kind) => fc.constant(kind);

const ephemeralBody = fc.oneof(
  fc.record({ kind: is('credit'), offset: u64, windowBytes: u32 }),
  fc.record({ kind: is('detach') }),
  fc.record({ kind: is('ask'), stream, givenUp: fc.boolean() }),
  fc.record({ kind: is('skipOutput') }),
  fc.record({ kind: is('probe') }),
  fc.record({ kind: is('stall'), headOffset: u64 }),
  fc.record({
    kind: is('typed'),
    stream,
    typed: u64,
    endOfInput: fc.boolean(),
    consumed: fc.record({ fence: u48, seq: u64, offset: u64 }),
  }),
  fc.record({ kind: is('closed'), stream, typed: u64, cause: u8 }),
  fc.record({ kind: is('workerStatus'), status: workerStatus }),
);

export const ephemeral: fc.Arbitrary<Ephemeral> = fc
  .tuple(ephemeralBody, fc.record({ input: u48, output: u48 }))
  .map(([body, fences]) => ({ ...body, fences }));

const viewport = { cols: cells, rows: cells, windowBytes: u32 };
const resume = { session, key: word, position, base: position, nonce: u64, stream, connection, typed: u64, parsed: u64, ...viewport };

export const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({ kind: is('open'), ticket: word, stream, connection, ...viewport }),
  fc.record({ kind: is('resume'), ...resume, watch: fc.boolean() }),
  fc.record({ kind: is('resume'), ...resume, watch: fc.boolean(), former: fc.array(stream, { maxLength: 8 }) }),
  fc.record({ kind: is('input'), offset: u64, bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
  fc.record({ kind: is('ack'), outputFence: u48, offset: u64, windowBytes: u32 }),
  fc.record({ kind: is('resize'), offset: u64, cols: cells, rows: cells }),
  fc.record({ kind: is('endOfInput'), offset: u64 }),
  fc.record({ kind: is('ping'), token: u32 }),
  fc.record({ kind: is('takeControl'), stream, connection }),
  fc.record({ kind: is('takeControl'), stream, connection, ifFence: u48 }),
  fc.record({ kind: is('skip') }),
  fc.record({ kind: is('end') }),
);

const control: fc.Arbitrary<Control> = fc.oneof(
  fc.record({ driving: fc.constant(true as const), stream, next: u64 }),
  fc.record({
    driving: fc.constant(false as const),
    cause: fc.constantFrom('watching', 'driven-by-another', 'replaced', 'old-connection', 'ended'),
  }),
  fc.record({ driving: fc.constant(false as const), cause: fc.constant('driver-silent' as const), fence: u48 }),
);

const sessionStatus: fc.Arbitrary<SessionStatus> = fc.record(
  {
    control,
    worker: workerStatus,
    broker: fc.constantFrom('up', 'lost'),
    owner: fc.constantFrom('up', 'silent'),
    closed: fc.record({ stream, typed: u64, cause: u8 }),
    headOffset: u64,
  },
  { requiredKeys: [] },
);

const target = fc.record({ kind: fc.constantFrom('exec', 'attach', 'log'), pod: word });

export const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({ kind: is('attached'), session, edge: writer, control, target, key: word }),
  fc.record({ kind: is('attached'), session, edge: writer, control, target }),
  fc.record({ kind: is('inputAck'), accepted: u64, typed: u64, endOfInput: fc.boolean() }),
  fc.tuple(gap, position, fc.boolean()).map(([missing, to, adoptCrc]) => ({ kind: 'gap' as const, to, adoptCrc, ...missing })),
  fc.record({ kind: is('rewound'), to: position, adoptCrc: fc.boolean() }),
  fc.record({ kind: is('pong'), token: u32 }),
  fc.record({ kind: is('status'), status: sessionStatus }),
  fc.record({ kind: is('close'), code: u16, text: fc.string({ unit: 'grapheme', maxLength: 100 }) }),
);

/** The numbers of the frame types, used or not. */
export const unknownType = u8.filter((type) => !Object.values(FrameType).some((known) => known === type));
