import { describe, expect, it } from 'vitest';
import { decodeEntry, type Entry, encodeEntry } from '../../src/protocol/entry.ts';
import { encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import type { ClientStream } from '../../src/protocol/ids.ts';
import { startOfLog } from '../../src/protocol/position.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { InputSide } from '../../src/worker/input-side.ts';
import { FakeClock } from '../support/fake-clock.ts';

const [first, second] = ['a'.repeat(32), 'b'.repeat(32)] as [ClientStream, ClientStream];
const size = { cols: 80, rows: 24 };

function fence(number: number, seq: number, stream: ClientStream): Entry {
  const credit = { outputFence: 0, offset: 0, windowBytes: 65_536 };
  const driver = { stream, connection: 1, next: 0, ...size, credit };
  return decoded(
    encodeFence({ position: { ...startOfLog, fence: number, seq }, base: startOfLog, nonce: number, writer: 'edge-1', driver }),
  );
}

/** @param offset of the first byte, in its stream */
function input(number: number, seq: number, offset: number, text: string): Entry {
  const content = new Uint8Array(8 + text.length);
  new DataView(content.buffer).setBigUint64(0, BigInt(offset));
  content.set(new TextEncoder().encode(text), 8);
  return decoded(encodeEntry({ type: FrameType.inputData, flags: 0, fence: number, seq, offset: 0, crc: 0 }, content));
}

function decoded(frame: Uint8Array): Entry {
  const entry = decodeEntry(frame);
  if (!entry) throw new Error('no entry');
  return entry;
}

describe('the input side of a worker', () => {
  it('[RS4] after a rewind types nothing of an older fence for the driver of now, whose offsets it may fit', () => {
    const typed: string[] = [];
    const events = {
      driver: () => {},
      tell: () => {},
      endNotTold: () => {},
      endRequested: () => {},
      trim: () => {},
      roomy: () => {},
    };
    const side = new InputSide(size, events, new FakeClock(), () => true);
    const upstream = { resize: () => {}, write: (bytes: Uint8Array) => typed.push(new TextDecoder().decode(bytes)) > 0 };
    side.connect(upstream as unknown as Upstream, size);
    side.deliver(fence(1, 1, first));
    side.deliver(input(1, 2, 0, 'first '));
    side.deliver(fence(2, 3, second));
    side.deliver(input(2, 4, 0, 'second'));
    side.rewound();
    side.deliver(input(1, 3, 6, 'never '));
    expect(typed).toEqual(['first ', 'second']);
  });
});
