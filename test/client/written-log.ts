import { concat } from '../../src/protocol/bytes.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import type { EndReason } from '../../src/protocol/end-reason.ts';
import { encodeEntry, OutputFlag } from '../../src/protocol/entry.ts';
import { encodeFence } from '../../src/protocol/fence-entry.ts';
import { FrameType } from '../../src/protocol/frame-type.ts';
import { encodeGap, type Gap } from '../../src/protocol/gap.ts';
import { encodeJson } from '../../src/protocol/json.ts';
import { encodeLogCursor } from '../../src/protocol/log-cursor.ts';
import { type Position, startOfLog } from '../../src/protocol/position.ts';

/** An output log as a worker writes it: each call answers the next entry's frame. */
export class WrittenLog {
  position: Position = startOfLog;
  readonly frames: Uint8Array[] = [];

  fence(fence: number, base: Position = this.position): Uint8Array {
    this.position = { ...base, fence, seq: base.seq + 1 };
    return this.#add(encodeFence({ position: this.position, base, nonce: fence, writer: 'worker-1' }));
  }

  data(text: string | Uint8Array, stderr = false): Uint8Array {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    const crc = crc32(bytes, this.position.crc);
    return this.#entry(FrameType.outputData, bytes, bytes.length, crc, stderr ? OutputFlag.stderr : 0);
  }

  /** As a worker of a log writes it: a cursor in front that the log does not count. */
  dataWithCursor(text: string): Uint8Array {
    const bytes = new TextEncoder().encode(text);
    const cursor = encodeLogCursor({ run: 1, seconds: 1_700_000_000, nanos: 5, lines: 2, bytes: 3 });
    const crc = crc32(bytes, this.position.crc);
    return this.#entry(FrameType.outputData, concat([cursor, bytes]), bytes.length, crc, OutputFlag.cursor);
  }

  gap(gap: Gap): Uint8Array {
    return this.#entry(FrameType.outputGap, encodeGap(gap), gap.sizeBytes, this.position.crc, 0);
  }

  mark(text: string): Uint8Array {
    return this.#entry(FrameType.outputMark, new TextEncoder().encode(text), 0, this.position.crc, 0);
  }

  exit(reason: EndReason): Uint8Array {
    return this.#entry(FrameType.outputExit, encodeJson(reason), 0, this.position.crc, 0);
  }

  #entry(type: number, payload: Uint8Array, size: number, crc: number, flags: number): Uint8Array {
    const { fence, seq, offset } = this.position;
    const frame = encodeEntry({ type, flags, fence, seq: seq + 1, offset, crc }, payload);
    this.position = { fence, seq: seq + 1, offset: offset + size, crc };
    return this.#add(frame);
  }

  #add(frame: Uint8Array): Uint8Array {
    this.frames.push(frame);
    return frame;
  }
}
