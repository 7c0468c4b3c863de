import { describe, expect, it } from 'vitest';
import { FakeHost } from './fake-host.ts';
import { WrittenLog } from './written-log.ts';

const KiB = 1024;

/** A client that has got `pieces` of 8 KiB and parsed none of them. */
function busy(pieces: number): { host: FakeHost; log: WrittenLog } {
  const host = FakeHost.attached();
  const log = new WrittenLog();
  host.parsesAtOnce = false;
  host.socket.entry(log.fence(1000));
  for (let piece = 0; piece < pieces; piece++) host.socket.entry(log.data('x'.repeat(8 * KiB)));
  return { host, log };
}

const parseAll = (host: FakeHost) => {
  for (const token of host.tokens.splice(0)) host.client.parsed(token);
};

/** How far the edge would have been told, on the newest socket. */
const told = (host: FakeHost) => Math.max(0, ...host.socket.sent('ack').map((ack) => ack.offset));

describe('the credit of a session client', () => {
  it('[FC2] is stated for what was parsed between the request to join and its answer: an edge without credit waits for it', () => {
    const { host, log } = busy(32);
    host.socket.lost();
    host.advance(5_000);
    host.socket.opened();
    expect(host.socket.hello).toMatchObject({ kind: 'resume', parsed: 0 });
    parseAll(host);
    expect(told(host)).toBe(0);
    host.answer();
    expect(told(host)).toBe(log.position.offset);
  });

  it('[FC1] is stated by the window the edge knows, also when a larger one was measured since', () => {
    const { host, log } = busy(8);
    // 64 KiB in ten seconds: the window shrinks to its smallest, and the edge hears of it.
    host.advance(10_000);
    parseAll(host);
    expect(host.socket.sent('ack').at(-1)).toMatchObject({ windowBytes: 16 * KiB });
    // The edge keeps to the window it was told last. The terminal is fast now and never idle, so that it is measured: it must not
    // wait for a quarter of a window that the edge will never fill.
    let windowBytes = 16 * KiB;
    for (let round = 0; round < 1_000; round++) {
      if (log.position.offset - told(host) + 8 * KiB <= windowBytes) host.socket.entry(log.data('x'.repeat(8 * KiB)));
      host.advance(1);
      if (round % 2 === 1) host.client.parsed(host.tokens.shift() ?? 0);
      windowBytes = host.socket.sent('ack').at(-1)?.windowBytes ?? windowBytes;
    }
    expect(windowBytes).toBe(256 * KiB);
    expect(log.position.offset).toBeGreaterThan(2_000 * KiB);
  });
});
