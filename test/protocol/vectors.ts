import type { ClientFrame } from '../../src/protocol/client-frame.ts';
import type { EntryHeader } from '../../src/protocol/entry.ts';
import type { Ephemeral } from '../../src/protocol/ephemeral.ts';
import type { FenceEntry } from '../../src/protocol/fence-entry.ts';
import type { ClientStream, SessionId } from '../../src/protocol/ids.ts';
import type { ServerFrame } from '../../src/protocol/server-frame.ts';

/** One frame of the wire in bytes and as decoded: what another implementation of the protocol can be checked with. */
export interface Vector<Decoded> {
  readonly name: string;
  /** Hex digits, grouped by field; blanks do not count. */
  readonly hex: string;
  readonly decoded: Decoded;
}

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const text = (content: string): string => hexOf(Buffer.from(content));

export const stream = '000102030405060708090a0b0c0d0e0f' as ClientStream;
export const session = 'V1StGXR8_Z5jdHi6B-myT' as SessionId;

/** Fence 2026-01-01 in ms, a seq and an offset above 32 bits, where a wrong split of u64 shows. */
const head = { flags: 0, fence: 0x019b_7625_b400, seq: 0x1_0000_0002, offset: 0x3_0000_0004, crc: 0xdeadbeef };
const headHex = '019b7625b400 0000000100000002 0000000300000004 deadbeef';

export const entryVectors: readonly Vector<EntryHeader & { readonly payload: string }>[] = [
  { name: 'output data', hex: `01 00 ${headHex} 68690a`, decoded: { type: 0x01, ...head, payload: '68690a' } },
  { name: 'output data of stderr', hex: `01 01 ${headHex} 21`, decoded: { type: 0x01, ...head, flags: 1, payload: '21' } },
  {
    name: 'output data with a log cursor',
    hex: `01 02 ${headHex} deadbeef 6553f100 075bcd15 00000002 00000001 78`,
    decoded: { type: 0x01, ...head, flags: 2, payload: 'deadbeef6553f100075bcd15000000020000000178' },
  },
  { name: 'output gap', hex: `03 00 ${headHex} 0000000000000200 02`, decoded: { type: 0x03, ...head, payload: '000000000000020002' } },
  { name: 'output mark', hex: `04 00 ${headHex} ${text('restarted')}`, decoded: { type: 0x04, ...head, payload: text('restarted') } },
  {
    name: 'output exit',
    hex: `05 00 ${headHex} ${text('{"kind":"exited","message":"done","code":0}')}`,
    decoded: { type: 0x05, ...head, payload: text('{"kind":"exited","message":"done","code":0}') },
  },
  { name: 'input data', hex: `11 00 ${headHex} 0000000000000007 6c73`, decoded: { type: 0x11, ...head, payload: '00000000000000076c73' } },
  {
    name: 'input resize',
    hex: `13 00 ${headHex} 0000000000000007 0050 0018`,
    decoded: { type: 0x13, ...head, payload: '000000000000000700500018' },
  },
  { name: 'input end of input', hex: `14 00 ${headHex} 0000000000000007`, decoded: { type: 0x14, ...head, payload: '0000000000000007' } },
  { name: 'input end request', hex: `15 00 ${headHex} 0000000000000007`, decoded: { type: 0x15, ...head, payload: '0000000000000007' } },
  { name: 'input end', hex: `16 00 ${headHex} 0000000000000000`, decoded: { type: 0x16, ...head, payload: '0000000000000000' } },
];

const fencePosition = { fence: 0x019b_7625_b401, seq: 6, offset: 0x1000, crc: 0x01020304 };
const fenceHex = '019b7625b401 0000000000000006 0000000000001000 01020304';
const base = { fence: 0x019b_7625_b400, seq: 5, offset: 0x1000, crc: 0x01020304 };
const baseHex = '019b7625b400 0000000000000005';

export const fenceVectors: readonly Vector<FenceEntry>[] = [
  {
    name: 'output fence',
    hex: `02 00 ${fenceHex} ${baseHex} 000fffffffffffff ${text('worker-1')}`,
    decoded: { position: fencePosition, base, nonce: 0xfffffffffffff, writer: 'worker-1' },
  },
  {
    name: 'input fence',
    hex: `12 00 ${fenceHex} ${baseHex} 0000000000000001 ${stream} 00000002 0000000000000003 0050 0018 019b7625b3ff 0000000000000fff 00040000 ${text('edge-a')}`,
    decoded: {
      position: fencePosition,
      base,
      nonce: 1,
      writer: 'edge-a',
      driver: {
        stream,
        connection: 2,
        next: 3,
        cols: 80,
        rows: 24,
        credit: { outputFence: 0x019b_7625_b3ff, offset: 4095, windowBytes: 262_144 },
      },
    },
  },
];

const fences = { input: 0x019b_7625_b402, output: 0x019b_7625_b401 };
const fencesHex = '019b7625b402 019b7625b401';
const workerStatus = { worker: 'w-1', upstream: 'open', driver: { stream, fence: 5 } } as const;

const consumed = { fence: 0x019b_7625_b400, seq: 5, offset: 4096 };

export const ephemeralVectors: readonly Vector<Ephemeral>[] = [
  {
    name: 'credit',
    hex: `21 00 ${fencesHex} 0000000000001000 00008000`,
    decoded: { kind: 'credit', fences, offset: 4096, windowBytes: 32_768 },
  },
  { name: 'detach', hex: `22 00 ${fencesHex}`, decoded: { kind: 'detach', fences } },
  { name: 'ask', hex: `23 00 ${fencesHex} ${stream}`, decoded: { kind: 'ask', fences, stream, givenUp: false } },
  { name: 'probe', hex: `25 00 ${fencesHex}`, decoded: { kind: 'probe', fences } },
  { name: 'skip output', hex: `24 00 ${fencesHex}`, decoded: { kind: 'skipOutput', fences } },
  { name: 'stall', hex: `31 00 ${fencesHex} 0000000000001000`, decoded: { kind: 'stall', fences, headOffset: 4096 } },
  {
    name: 'typed',
    hex: `32 00 ${fencesHex} ${stream} 0000000000000009 019b7625b400 0000000000000005 0000000000001000`,
    decoded: { kind: 'typed', fences, stream, typed: 9, endOfInput: false, consumed },
  },
  {
    name: 'typed, end of input',
    hex: `32 01 ${fencesHex} ${stream} 0000000000000009 019b7625b400 0000000000000005 0000000000001000`,
    decoded: { kind: 'typed', fences, stream, typed: 9, endOfInput: true, consumed },
  },
  {
    name: 'closed',
    hex: `33 00 ${fencesHex} ${stream} 0000000000000009 01`,
    decoded: { kind: 'closed', fences, stream, typed: 9, cause: 1 },
  },
  {
    name: 'worker status',
    hex: `34 00 ${fencesHex} ${text(JSON.stringify(workerStatus))}`,
    decoded: { kind: 'workerStatus', fences, status: workerStatus },
  },
];

const position = { fence: 0x019b_7625_b400, seq: 5, offset: 4096, crc: 0x01020304 };
const positionHex = '019b7625b400 0000000000000005 0000000000001000 01020304';
const viewport = { cols: 80, rows: 24, windowBytes: 65_536 };
const open = { ticket: 'tic-ket', stream, connection: 1, ...viewport };
const resume = {
  session,
  key: 'resume-key',
  position,
  base: position,
  nonce: 7,
  stream,
  connection: 2,
  typed: 3,
  parsed: 4096,
  ...viewport,
};

export const clientVectors: readonly Vector<ClientFrame>[] = [
  { name: 'open', hex: `61 00 ${text(JSON.stringify(open))}`, decoded: { kind: 'open', ...open } },
  {
    name: 'resume',
    hex: `62 00 ${text(JSON.stringify({ ...resume, watch: false }))}`,
    decoded: { kind: 'resume', ...resume, watch: false },
  },
  {
    name: 'resume after a page load, watching',
    hex: `62 00 ${text(JSON.stringify({ ...resume, watch: true, former: [stream] }))}`,
    decoded: { kind: 'resume', ...resume, watch: true, former: [stream] },
  },
  { name: 'input', hex: '63 00 0000000000000007 6c730d', decoded: { kind: 'input', offset: 7, bytes: bytesOf('6c730d') } },
  {
    name: 'ack',
    hex: '64 00 019b7625b400 0000000000001000 00010000',
    decoded: { kind: 'ack', outputFence: 0x019b_7625_b400, offset: 4096, windowBytes: 65_536 },
  },
  { name: 'resize', hex: '65 00 0000000000000007 0050 0018', decoded: { kind: 'resize', offset: 7, cols: 80, rows: 24 } },
  { name: 'ping', hex: '66 00 fffffffe', decoded: { kind: 'ping', token: 0xfffffffe } },
  {
    name: 'take control',
    hex: `67 00 ${text(JSON.stringify({ stream, connection: 3 }))}`,
    decoded: { kind: 'takeControl', stream, connection: 3 },
  },
  { name: 'skip', hex: '68 00', decoded: { kind: 'skip' } },
  { name: 'end', hex: '69 00', decoded: { kind: 'end' } },
  { name: 'end of input', hex: '6a 00 0000000000000007', decoded: { kind: 'endOfInput', offset: 7 } },
];

const attached = { session, edge: 'edge-a', control: { driving: true, stream, next: 3 }, target: { kind: 'exec', pod: 'web-0' } } as const;
const status = {
  control: { driving: false, cause: 'replaced' },
  broker: 'lost',
  owner: 'silent',
  closed: { stream, typed: 9, cause: 1 },
} as const;

export const serverVectors: readonly Vector<ServerFrame>[] = [
  {
    name: 'attached',
    hex: `41 00 ${text(JSON.stringify({ ...attached, key: 'resume-key' }))}`,
    decoded: { kind: 'attached', ...attached, key: 'resume-key' },
  },
  {
    name: 'input ack',
    hex: '42 00 0000000000000009 0000000000000007',
    decoded: { kind: 'inputAck', accepted: 9, typed: 7, endOfInput: false },
  },
  {
    name: 'input ack, end of input',
    hex: '42 01 0000000000000009 0000000000000009',
    decoded: { kind: 'inputAck', accepted: 9, typed: 9, endOfInput: true },
  },
  {
    name: 'gap',
    hex: `43 00 ${positionHex} 0000000000000200 01`,
    decoded: { kind: 'gap', to: position, sizeBytes: 512, cause: 1, adoptCrc: false },
  },
  {
    name: 'gap whose CRC is adopted',
    hex: `43 01 ${positionHex} 0000000000000000 02`,
    decoded: { kind: 'gap', to: position, sizeBytes: 0, cause: 2, adoptCrc: true },
  },
  { name: 'rewound', hex: `44 00 ${positionHex}`, decoded: { kind: 'rewound', to: position, adoptCrc: false } },
  { name: 'pong', hex: '45 00 fffffffe', decoded: { kind: 'pong', token: 0xfffffffe } },
  { name: 'status', hex: `46 00 ${text(JSON.stringify(status))}`, decoded: { kind: 'status', status } },
  { name: 'close', hex: `47 00 1194 ${text('broken – frame')}`, decoded: { kind: 'close', code: 4500, text: 'broken – frame' } },
];
