import { beforeEach, describe, expect, it } from 'vitest';
import { InputIntake } from '../../src/session/input-intake.ts';

const KiB = 1024;
let intake: InputIntake;

beforeEach(() => {
  intake = new InputIntake(0, 0);
});

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
  it('[FC6] is every piece, in order and under its offset', () => {
    intake.take(0, new Uint8Array([1, 2]));
    intake.take(2, new Uint8Array([3]));
    expect(intake.release()).toStrictEqual({ offset: 0, bytes: new Uint8Array([1, 2]) });
    expect(intake.release()).toStrictEqual({ offset: 2, bytes: new Uint8Array([3]) });
    expect(intake.release()).toBeUndefined();
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
