import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputWindow } from '../../src/session/output-window.ts';

const KiB = 1024;
let nowMs = 0;
const window = (windowBytes = 64 * KiB, parsed = 0, sent = 0) =>
  new OutputWindow({ fence: 1, offset: parsed }, sent, windowBytes, () => nowMs);

describe('what a socket may be sent', () => {
  it('[FC1] is a window beyond what the terminal parsed', () => {
    const socket = window();
    socket.sent(64 * KiB - 1);
    expect(socket.roomEntries(false)).toBeGreaterThan(0);
    socket.sent(64 * KiB);
    expect(socket.roomEntries(false)).toBe(0);
    socket.ack(1, 1, 64 * KiB);
    expect(socket.roomEntries(false)).toBe(1);
  });

  it('[FC1] a reader that was out of credit waits for a quarter of the window, not for a byte', () => {
    const socket = window();
    socket.sent(64 * KiB);
    socket.ack(1, 16 * KiB - 1, 64 * KiB);
    expect(socket.roomEntries(true)).toBe(0);
    socket.ack(1, 16 * KiB, 64 * KiB);
    expect(socket.roomEntries(true)).toBeGreaterThan(0);
  });

  it.each([
    [0, 16 * KiB],
    [1_000_000_000, 256 * KiB],
    [100 * KiB, 100 * KiB],
  ])('[FC1] a client that wants a window of %d gets %d', (wanted, got) => {
    expect(window(wanted).windowBytes).toBe(got);
    const socket = window();
    socket.ack(1, 0, wanted);
    expect(socket.windowBytes).toBe(got);
  });

  it('[DR3] is never more than a page of entries, and fewer when entries are large', () => {
    const socket = window(256 * KiB);
    expect(socket.roomEntries(false)).toBe(16);
    for (let at = 1; at <= 40; at++) {
      socket.sent(at * 64 * KiB);
      socket.ack(1, at * 64 * KiB, 256 * KiB);
    }
    expect(socket.roomEntries(false)).toBeLessThanOrEqual(5);
  });

  it('[FC1] a client that comes back behind what it was sent starts with that much less', () => {
    expect(window(64 * KiB, 0, 64 * KiB).roomEntries(false)).toBe(0);
  });
});

describe('the credit a client has earned', () => {
  it('[FC2] is under the fence that it said last, also a lower one: a rewind led it there', () => {
    const socket = window();
    socket.sent(100);
    socket.ack(9, 80, 64 * KiB);
    socket.moved(10);
    socket.sent(60);
    socket.ack(7, 40, 64 * KiB);
    expect(socket.acked).toEqual({ fence: 7, offset: 40 });
  });

  it('[FC2] only grows, and never beyond what was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(200)), { maxLength: 20 }), (acks) => {
        const socket = window();
        socket.sent(100);
        let before = 0;
        for (const [fence, offset] of acks) {
          socket.ack(fence, offset, 64 * KiB);
          expect(socket.acked.offset).toBeGreaterThanOrEqual(before);
          expect(socket.acked.offset).toBeLessThanOrEqual(100);
          before = socket.acked.offset;
        }
      }),
    );
  });

  it('[FC2] is moved by a gap like parsed bytes: the client acknowledges what it will never get', () => {
    const socket = window();
    socket.moved(1000 * KiB);
    expect(socket.roomEntries(false)).toBe(0);
    socket.ack(1, 1000 * KiB, 64 * KiB);
    expect(socket.acked.offset).toBe(1000 * KiB);
    expect(socket.roomEntries(false)).toBeGreaterThan(0);
  });

  it('[LG8] goes back with a rewind', () => {
    const socket = window();
    socket.sent(500);
    socket.ack(1, 500, 64 * KiB);
    socket.moved(200);
    expect(socket.acked.offset).toBe(200);
    socket.ack(1, 500, 64 * KiB);
    expect(socket.acked.offset).toBe(200);
  });
});

describe('a link that is slower than the window is wide', () => {
  /** Always full, one entry of 16 KiB acknowledged in so many milliseconds. */
  function flood(socket: OutputWindow, entryMs: number, forMs: number, from = 0): number {
    let [sent, acked] = [from, from];
    for (const untilMs = nowMs + forMs; nowMs < untilMs; nowMs += entryMs) {
      for (; socket.roomEntries(false) > 0; socket.sent(sent)) sent += 16 * KiB;
      acked += 16 * KiB;
      socket.ack(1, acked, 256 * KiB);
    }
    return sent;
  }

  it('[FC1] is given 0.75 s of what it takes, so that nothing waits long in front of an echo', () => {
    const socket = window(256 * KiB);
    flood(socket, 160, 5_000);
    expect(socket.windowBytes).toBeGreaterThan(64 * KiB);
    expect(socket.windowBytes).toBeLessThan(92 * KiB);
  });

  it('[FC1] is given more when it takes more', () => {
    const socket = window(256 * KiB);
    const sent = flood(socket, 400, 10_000);
    expect(socket.windowBytes).toBe(64 * KiB);
    flood(socket, 20, 10_000, sent);
    expect(socket.windowBytes).toBe(256 * KiB);
  });

  it('[FC1] is not seen in a session that prints little, or once in a while', () => {
    const socket = window(256 * KiB);
    let sent = 0;
    for (let burst = 0; burst < 20; burst++) {
      for (; socket.roomEntries(false) > 0; socket.sent(sent)) sent += 16 * KiB;
      nowMs += 20;
      socket.ack(1, sent, 256 * KiB);
      nowMs += 10_000;
    }
    expect(socket.windowBytes).toBe(256 * KiB);
  });
});
