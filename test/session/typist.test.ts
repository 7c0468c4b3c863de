import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CloseStreamCause } from '../../src/protocol/ephemeral.ts';
import type { FenceEntry } from '../../src/protocol/fence-entry.ts';
import type { ClientStream } from '../../src/protocol/ids.ts';
import { startOfLog } from '../../src/protocol/position.ts';
import { Typist } from '../../src/session/typist.ts';

const stream = (digit: string) => digit.repeat(32) as ClientStream;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (typed: Uint8Array | string) => (typeof typed === 'string' ? typed : new TextDecoder().decode(typed));

let fences = 0;

function fence(of: ClientStream, next = 0, number = ++fences): FenceEntry {
  const credit = { outputFence: 1, offset: 0, windowBytes: 0 };
  const driver = { stream: of, connection: 1, next, cols: 80, rows: 24, credit };
  return { position: { ...startOfLog, fence: number }, base: startOfLog, nonce: 1, writer: 'edge', driver };
}

const [a, b] = [stream('a'), stream('b')];
let typist: Typist;

/** What an input entry makes the worker type. */
function entry(offset: number, content: string): string {
  const typed = typist.next(offset, bytes(content));
  if (typeof typed !== 'string') typist.wrote(typed.length);
  return text(typed);
}

beforeEach(() => {
  typist = new Typist();
});

describe('the bytes of one stream', () => {
  it('[RS4] are typed in order, each once', () => {
    typist.adopt(fence(a));
    expect(entry(0, 'ls')).toBe('ls');
    expect(entry(2, '\r')).toBe('\r');
    expect(typist.current).toMatchObject({ stream: a, typed: 3 });
  });

  it('[RS4] that were typed before are dropped, and of an entry that overlaps only the rest is typed', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(entry(0, 'abc')).toBe('nothing');
    expect(entry(1, 'bcde')).toBe('de');
    expect(typist.current?.typed).toBe(5);
  });

  it('[RS4] are typed once whatever is sent again and how it was cut', () => {
    const whole = 'the quick brown fox';
    const pieces = fc.array(fc.tuple(fc.nat(whole.length), fc.integer({ min: 1, max: 8 })), { maxLength: 40 });
    fc.assert(
      fc.property(pieces, (cuts) => {
        typist = new Typist();
        typist.adopt(fence(a));
        let typed = '';
        for (const [from, size] of cuts) {
          const at = Math.min(from, typist.current?.typed ?? 0);
          const piece = entry(at, whole.slice(at, at + size));
          if (piece !== 'nothing') typed += piece;
        }
        expect(typed).toBe(whole.slice(0, typed.length));
        expect(typist.current?.typed).toBe(typed.length);
      }),
    );
  });

  it('[RS4] that nobody here has seen begin where their edge begins', () => {
    typist.adopt(fence(a, 100));
    expect(entry(90, '0123456789x')).toBe('x');
  });

  it('[RS4] go on under a new fence of the same stream where they were', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(typist.adopt(fence(a, 3))).toStrictEqual([]);
    expect(entry(3, 'd')).toBe('d');
  });

  it('[RS4] before any driver are not typed', () => {
    expect(entry(0, 'abc')).toBe('nothing');
    expect(typist.current).toBeUndefined();
  });
});

describe('a stream is closed', () => {
  it('[RS6] by the fence entry of another stream, and is never typed again', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(typist.adopt(fence(b))).toStrictEqual([{ stream: a, typed: 3, endOfInput: false, closedBy: CloseStreamCause.superseded }]);
    typist.adopt(fence(a, 3));
    expect(entry(3, 'd')).toBe('nothing');
    expect(typist.of(a)).toMatchObject({ typed: 3, closedBy: CloseStreamCause.superseded });
  });

  it('[RS6] once: the next driver does not close it again', () => {
    typist.adopt(fence(a));
    typist.adopt(fence(b));
    expect(typist.adopt(fence(stream('c'))).map((state) => state.stream)).toStrictEqual([b]);
  });

  it('[RS6] by an offset above the next byte: what is missing may not be skipped', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(entry(5, 'f')).toBe('hole');
    expect(typist.current).toMatchObject({ typed: 3, closedBy: CloseStreamCause.hole });
    expect(entry(3, 'def')).toBe('nothing');
  });

  it('[RS6] by the end of the session, all of them', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(typist.closeAll()).toStrictEqual([{ stream: a, typed: 3, endOfInput: false, closedBy: CloseStreamCause.ended }]);
    expect(typist.closeAll()).toStrictEqual([]);
    expect(entry(3, 'd')).toBe('nothing');
  });

  it('[RS6] and its fate can be asked for a while; a session that is taken over for ever does not remember for ever', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    const others = Array.from({ length: 200 }, (_, index) => index.toString(16).padStart(32, 'f') as ClientStream);
    for (const other of others.slice(0, 15)) typist.adopt(fence(other));
    expect(typist.of(a)).toMatchObject({ typed: 3 });
    for (const other of others.slice(15)) typist.adopt(fence(other));
    expect(typist.of(a)).toBeUndefined();
    expect(typist.giveUp(a)).toMatchObject({ closedBy: CloseStreamCause.forgotten });
  });

  it('[RS4] and forgotten, nothing of it is typed when a rewind brings its fence entry again', () => {
    const first = fence(a);
    typist.adopt(first);
    entry(0, 'abc');
    for (let index = 0; index < 200; index++) typist.adopt(fence(index.toString(16).padStart(32, 'f') as ClientStream));
    typist.adopt(first);
    expect(entry(0, 'abc')).toBe('nothing');
    typist.adopt(fence(b));
    expect(entry(0, 'de')).toBe('de');
  });

  it('[RS6] and the current one is never forgotten, however many others are given up', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    for (let index = 0; index < 200; index++) typist.giveUp(index.toString(16).padStart(32, 'f') as ClientStream);
    expect(entry(3, 'd')).toBe('d');
  });
});

describe('the end of input', () => {
  it('[RS4] is told once, when everything before it was typed', () => {
    typist.adopt(fence(a));
    entry(0, 'abc');
    expect(typist.endOfInput(4)).toBe(false);
    expect(typist.endOfInput(3)).toBe(true);
    expect(typist.endOfInput(3)).toBe(false);
    expect(typist.current?.endOfInput).toBe(true);
  });

  it('[RS6] of a closed stream is not told', () => {
    typist.adopt(fence(a));
    entry(1, 'x');
    expect(typist.endOfInput(0)).toBe(false);
  });
});
