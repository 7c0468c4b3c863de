import { describe, expect, it } from 'vitest';
import { InputRoom } from '../../src/session/input-room.ts';

const KiB = 1024;

describe('the room that an edge sees on the input log', () => {
  it('[LG9] ends at 256 KiB that the worker has not got past', () => {
    const room = new InputRoom({ seq: 10, offset: 5_000 });
    expect(room.has({ seq: 11, offset: 5_000 })).toBe(true);
    expect(room.has({ seq: 14, offset: 5_000 + 255 * KiB })).toBe(true);
    expect(room.has({ seq: 14, offset: 5_000 + 256 * KiB })).toBe(false);
  });

  it('[LG9] counts what others have left in front', () => {
    const room = new InputRoom({ seq: 0, offset: 0 });
    expect(room.has({ seq: 9, offset: 256 * KiB })).toBe(false);
  });

  it('[LG9] counts entries beside their bytes, so that single keystrokes are bounded too', () => {
    const room = new InputRoom({ seq: 0, offset: 0 });
    expect(room.has({ seq: 4_000, offset: 4_000 })).toBe(true);
    expect(room.has({ seq: 4_100, offset: 4_100 })).toBe(false);
    expect(room.has({ seq: 4_096, offset: 0 })).toBe(false);
  });

  it('[FC5] grows as the worker gets on; an older statement moves nothing', () => {
    const room = new InputRoom({ seq: 0, offset: 0 });
    room.consumed({ seq: 4, offset: 100 * KiB });
    room.consumed({ seq: 2, offset: 50 * KiB });
    expect(room.has({ seq: 10, offset: 355 * KiB })).toBe(true);
    expect(room.has({ seq: 10, offset: 356 * KiB })).toBe(false);
  });
});
