import { beforeEach, describe, expect, it } from 'vitest';
import { InputIntake } from '../../src/session/input-intake.ts';

const KiB = 1024;
let intake: InputIntake;

beforeEach(() => {
  intake = new InputIntake(0, 0);
});

/** A client that keeps to its grant: sends, and what is released is stored at once. @returns bytes released */
function pump(totalBytes: number): number {
  let released = 0;
  for (let sent = 0; sent < totalBytes; sent += KiB) {
    if (intake.take(intake.next, new Uint8Array(KiB)) !== 'taken') break;
    for (let held = intake.release(); held; held = intake.release()) {
      released += held.bytes.length;
      intake.stored(held.offset + held.bytes.length);
    }
  }
  return released;
}

describe('what an edge takes from its client', () => {
  it('[RS4] is exactly the next byte of the stream', () => {
    expect(intake.take(1, new Uint8Array(1))).toBe('ignored');
    expect(intake.take(0, new Uint8Array(3))).toBe('taken');
    expect(intake.take(0, new Uint8Array(3))).toBe('ignored');
    expect(intake.take(2, new Uint8Array(3))).toBe('ignored');
    expect(intake.next).toBe(3);
  });

  it('[RS4] begins where the take of the input log said', () => {
    const later = new InputIntake(100, 40);
    expect(later.take(100, new Uint8Array(1))).toBe('taken');
    expect([later.accepted, later.typed, later.untyped]).toStrictEqual([100, 40, 60]);
  });

  it('[FC5] goes 64 KiB beyond what the log has accepted, not further', () => {
    expect(intake.take(0, new Uint8Array(64 * KiB))).toBe('taken');
    expect(intake.take(64 * KiB, new Uint8Array(1))).toBe('too-much');
    intake.release();
    intake.stored(1);
    expect(intake.take(64 * KiB, new Uint8Array(1))).toBe('taken');
    expect(intake.take(64 * KiB + 1, new Uint8Array(1))).toBe('too-much');
  });
});

describe('what an edge hands to the log', () => {
  it('[FC6] is every piece at once while little is un-typed, in order and under its offset', () => {
    intake.take(0, new Uint8Array([1, 2]));
    intake.take(2, new Uint8Array([3]));
    expect(intake.release()).toStrictEqual({ offset: 0, bytes: new Uint8Array([1, 2]) });
    expect(intake.release()).toStrictEqual({ offset: 2, bytes: new Uint8Array([3]) });
    expect(intake.release()).toBeUndefined();
  });

  it('[FC5] stops at 256 KiB un-typed, and the client at 64 KiB beyond', () => {
    expect(pump(1024 * KiB)).toBe(256 * KiB);
    expect(intake.next).toBe(320 * KiB);
    expect(intake.untyped).toBe(256 * KiB);
  });

  it('[FC5] goes on as the worker types', () => {
    pump(1024 * KiB);
    intake.typedUpTo(10 * KiB);
    expect(pump(0)).toBe(0);
    let released = 0;
    for (let held = intake.release(); held; held = intake.release()) released += held.bytes.length;
    expect(released).toBe(10 * KiB);
  });

  it('[FC5] what the worker says is absolute: neither older nor impossible statements move it', () => {
    intake.take(0, new Uint8Array(100));
    intake.release();
    intake.stored(100);
    intake.typedUpTo(60);
    intake.typedUpTo(20);
    expect(intake.typed).toBe(60);
    intake.typedUpTo(1_000_000);
    expect(intake.typed).toBe(100);
    intake.stored(50);
    expect(intake.accepted).toBe(100);
  });
});
