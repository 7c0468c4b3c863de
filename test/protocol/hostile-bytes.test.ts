import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClientFrame, encodeClientFrame } from '../../src/protocol/client-frame.ts';
import { parseEndReason } from '../../src/protocol/end-reason.ts';
import { clientOffset, decodeEntry, encodeEntry, endOffset, entryContent, resizeOf } from '../../src/protocol/entry.ts';
import { decodeEphemeral, encodeEphemeral } from '../../src/protocol/ephemeral.ts';
import { decodeFence, encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType, isEphemeral, isLogEntry } from '../../src/protocol/frame-type.ts';
import { gapOf } from '../../src/protocol/gap.ts';
import { decodeJsonObject } from '../../src/protocol/json.ts';
import { maxControlJsonBytes, maxEntryPayloadBytes } from '../../src/protocol/limits.ts';
import { decodeServerFrame, encodeServerFrame } from '../../src/protocol/server-frame.ts';
import { parseTarget } from '../../src/protocol/target.ts';
import { pinned } from '../support/fuzz.ts';
import { clientFrame, entry, ephemeral, fenceEntry, serverFrame, unknownType } from './arbitraries.ts';
import { bytesOf, session, stream } from './vectors.ts';

/** Everything that reads bytes from outside, and what is read of a frame that passed. */
function readAll(bytes: Uint8Array): void {
  decodeClientFrame(bytes);
  decodeServerFrame(bytes);
  decodeEphemeral(bytes);
  parseEndReason(decodeJsonObject(bytes));
  const decoded = decodeEntry(bytes);
  if (!decoded) return;
  decodeFence(decoded);
  gapOf(decoded);
  resizeOf(decoded);
  expect(entryContent(decoded).length).toBeLessThanOrEqual(bytes.length);
  expect(endOffset(decoded)).toBeGreaterThanOrEqual(decoded.offset);
  if (decoded.type > FrameType.inputFence) clientOffset(decoded);
}

/** A valid frame of any kind. */
const anyFrame = fc.oneof(
  entry.map(({ header, payload }) => encodeEntry(header, payload)),
  fenceEntry.map(encodeFence),
  ephemeral.map(({ fences, ...body }) => encodeEphemeral(fences, body)),
  clientFrame.map(encodeClientFrame),
  serverFrame.map(encodeServerFrame),
);

describe('[WP2] nothing throws past a decoder', () => {
  it('[WP2] arbitrary bytes are an answer, not an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readAll), pinned(1, 2000));
  });

  it('[WP2] arbitrary bytes behind every known type are an answer', () => {
    const types = fc.constantFrom(...Object.values(FrameType));
    const bytes = fc.tuple(types, fc.uint8Array({ maxLength: 120 })).map(([type, rest]) => new Uint8Array([type, ...rest]));
    fc.assert(fc.property(bytes, readAll), pinned(2, 4000));
  });

  it('[WP2] valid frames with changed, missing and added bytes are an answer', () => {
    const change = fc.tuple(fc.nat(200), fc.nat(255));
    const mutated = fc
      .tuple(anyFrame, fc.array(change, { maxLength: 3 }), fc.nat(200), fc.uint8Array({ maxLength: 4 }))
      .map(([frame, changes, cut, added]) => {
        const bytes = new Uint8Array([...frame.subarray(0, frame.length - (cut < frame.length / 2 ? cut : 0)), ...added]);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        return bytes;
      });
    fc.assert(fc.property(mutated, readAll), pinned(3, 4000));
  });

  it('[WP2] arbitrary JSON in a control frame is an answer, and a status that passes has the form it promises', () => {
    const key = fc.constantFrom('control', 'worker', 'broker', 'closed', 'driving', 'stream', 'next', 'position', 'session');
    const json = fc.dictionary(key, fc.jsonValue());
    fc.assert(
      fc.property(json, fc.constantFrom(...Object.values(FrameType)), (value, type) => {
        readAll(new Uint8Array([type, 0, ...Buffer.from(JSON.stringify(value))]));
        const decoded = decodeServerFrame(new Uint8Array([FrameType.status, 0, ...Buffer.from(JSON.stringify(value))]));
        if (!decoded.ok || decoded.frame.kind !== 'status') return;
        const { worker, closed } = decoded.frame.status;
        expect(typeof (worker?.worker ?? '')).toBe('string');
        expect(Number.isSafeInteger(closed?.typed ?? 0)).toBe(true);
      }),
      pinned(4, 2000),
    );
  });

  it('[UP7] an arbitrary target is an answer', () => {
    const key = fc.constantFrom('kind', 'cluster', 'namespace', 'pod', 'container', 'command', 'tty', 'tailLines', 'sinceTime');
    fc.assert(
      fc.property(fc.dictionary(key, fc.anything()), (value) => {
        parseTarget(value);
      }),
      pinned(5, 1000),
    );
  });
});

describe('[WP5] what v1 does not know', () => {
  it('[WP5] a type that a browser may send one day is reported as unknown, not as broken', () => {
    fc.assert(
      fc.property(unknownType, fc.uint8Array({ minLength: 1, maxLength: 40 }), (type, rest) => {
        const bytes = new Uint8Array([type, ...rest]);
        expect(decodeClientFrame(bytes)).toMatchObject({ ok: false, unknownType: true });
        expect(decodeServerFrame(bytes)).toMatchObject({ ok: false, unknownType: true });
        if (isEphemeral(type)) expect(decodeEphemeral(bytes)).toBeUndefined();
      }),
      pinned(6, 500),
    );
  });

  it('[WP5] a log entry of an unknown type keeps its place in the log', () => {
    const unknownEntry = unknownType.filter(isLogEntry);
    fc.assert(
      fc.property(entry, unknownEntry, ({ header, payload }, type) => {
        const decoded = decodeEntry(encodeEntry({ ...header, type }, payload));
        expect(decoded).toMatchObject({ ...header, type });
        expect(decoded && endOffset(decoded)).toBe(header.offset);
      }),
      pinned(7, 500),
    );
  });

  it('[WP5] unknown flags change nothing', () => {
    const ping = encodeClientFrame({ kind: 'ping', token: 7 });
    ping[1] = 0xff;
    expect(decodeClientFrame(ping)).toStrictEqual({ ok: true, frame: { kind: 'ping', token: 7 } });
  });

  it('[WP5] unknown fields of a control frame are left out', () => {
    const status = new Uint8Array([FrameType.status, 0, ...Buffer.from('{"broker":"up","weather":"fine"}')]);
    expect(decodeServerFrame(status)).toStrictEqual({ ok: true, frame: { kind: 'status', status: { broker: 'up' } } });
  });
});

describe('[WP2] frames that break the layout or a limit are refused', () => {
  const json = (type: number, value: object) => new Uint8Array([type, 0, ...Buffer.from(JSON.stringify(value))]);
  const open = { ticket: 't', stream, connection: 1, cols: 80, rows: 24, windowBytes: 65_536 };
  const position = { fence: 1, seq: 1, offset: 0, crc: 0 };
  const resume = { ...open, session, key: 'k', position, base: position, nonce: 0, typed: 0, parsed: 0 };

  it.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array(0)],
    ['a type alone', bytesOf('68')],
    ['input without bytes', bytesOf('63 00 0000000000000000')],
    ['input above 64 KiB', new Uint8Array(10 + maxEntryPayloadBytes + 1).fill(0x63, 0, 1)],
    ['input at an offset above 2^53 − 1', bytesOf('63 00 0020000000000000 61')],
    ['ack, one byte short', bytesOf('64 00 000000000001 0000000000000001 000100')],
    ['ack, one byte long', bytesOf('64 00 000000000001 0000000000000001 00010000 00')],
    ['ack above 2^53 − 1', bytesOf('64 00 000000000001 ffffffffffffffff 00010000')],
    ['resize to no columns', bytesOf('65 00 0000000000000000 0000 0018')],
    ['resize to no rows', bytesOf('65 00 0000000000000000 0050 0000')],
    ['ping without a token', bytesOf('66 00')],
    ['open that is no JSON', new Uint8Array([FrameType.open, 0, ...Buffer.from('{"ticket":')])],
    ['open that is a JSON list', new Uint8Array([FrameType.open, 0, ...Buffer.from('[]')])],
    ['open with a ticket too long', json(FrameType.open, { ...open, ticket: 'x'.repeat(65) })],
    ['open with a stream in upper case', json(FrameType.open, { ...open, stream: stream.toUpperCase() })],
    ['open with connection 0', json(FrameType.open, { ...open, connection: 0 })],
    ['open with half a column', json(FrameType.open, { ...open, cols: 80.5 })],
    ['open with 65536 rows', json(FrameType.open, { ...open, rows: 65_536 })],
    ['open above 16 KiB', json(FrameType.open, { ...open, more: 'x'.repeat(maxControlJsonBytes) })],
    ['resume of a session id with a slash', json(FrameType.resume, { ...resume, session: '../../etc/passwd' })],
    ['resume from a fence above 48 bits', json(FrameType.resume, { ...resume, position: { ...position, fence: 2 ** 48 } })],
    ['resume from a negative offset', json(FrameType.resume, { ...resume, position: { ...position, offset: -1 } })],
    ['resume without a base', json(FrameType.resume, { ...resume, base: undefined })],
    ['resume with a former stream of the wrong form', json(FrameType.resume, { ...resume, former: ['x'] })],
    ['resume with too many former streams', json(FrameType.resume, { ...resume, former: new Array(9).fill(stream) })],
  ])('[WP2] from a browser: %s', (_name, bytes) => {
    expect(decodeClientFrame(bytes)).toMatchObject({ ok: false, unknownType: false });
  });

  const head = '019b7625b400 0000000000000001 0000000000000000 00000000';
  it.each([
    ['shorter than its header', `01 00 ${head.slice(0, -2)}`],
    ['fence 0', '01 00 000000000000 0000000000000001 0000000000000000 00000000'],
    ['seq 0', '01 00 019b7625b400 0000000000000000 0000000000000000 00000000'],
    ['seq above 2^53 − 1', '01 00 019b7625b400 0020000000000000 0000000000000000 00000000'],
    ['offset above 2^53 − 1', '01 00 019b7625b400 0000000000000001 0020000000000000 00000000'],
    ['a log cursor that is cut', `01 02 ${head} 00000000000000`],
    ['input without its client offset', `11 00 ${head} 00000000000000`],
    ['input at a client offset above 2^53 − 1', `11 00 ${head} 0020000000000000 61`],
    ['a type that no log entry has', `10 00 ${head}`],
  ])('[WP2] as a log entry: %s', (_name, hex) => {
    expect(decodeEntry(bytesOf(hex))).toBeUndefined();
  });

  it('[WP2] a log entry holds 64 KiB of content and not much more', () => {
    const header = { type: FrameType.inputData, flags: 0, fence: 1, seq: 1, offset: 0, crc: 0 };
    expect(decodeEntry(encodeEntry(header, new Uint8Array(8 + maxEntryPayloadBytes)))).toBeDefined();
    expect(decodeEntry(encodeEntry(header, new Uint8Array(21 + maxEntryPayloadBytes)))).toBeUndefined();
  });

  it.each([
    ['a writer that is no name', `02 00 ${head} 000000000000 0000000000000000 0000000000000001 2f`],
    ['no writer', `02 00 ${head} 000000000000 0000000000000000 0000000000000001`],
    ['a writer that is no UTF-8', `02 00 ${head} 000000000000 0000000000000000 0000000000000001 ff`],
    ['a nonce above 2^53 − 1', `02 00 ${head} 000000000000 0000000000000000 0020000000000000 77`],
    ['a base seq above 2^53 − 1', `02 00 ${head} 000000000000 0020000000000000 0000000000000001 77`],
    ['an input fence without a driver', `12 00 ${head} 000000000000 0000000000000000 0000000000000001 77`],
  ])('[LG1] as a fence entry: %s', (_name, hex) => {
    const decoded = decodeEntry(bytesOf(hex));
    expect(decoded).toBeDefined();
    expect(decoded && decodeFence(decoded)).toBeUndefined();
  });

  it.each([
    ['no bytes', ''],
    ['an ack of wrong length', '42 00 0000000000000009'],
    ['a gap of an unknown cause', `43 00 ${head} 0000000000000001 09`],
    ['a gap of a size above 2^53 − 1', `43 00 ${head} 0020000000000000 01`],
    ['a close text that is no UTF-8', '47 00 1194 ff'],
  ])('[WP2] from an edge: %s', (_name, hex) => {
    expect(decodeServerFrame(bytesOf(hex))).toMatchObject({ ok: false, unknownType: false });
  });
});
