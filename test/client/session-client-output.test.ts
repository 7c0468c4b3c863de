import { describe, expect, it } from 'vitest';
import { startOfLog } from '../../src/protocol/position.ts';
import { FakeHost } from './fake-host.ts';
import { WrittenLog } from './written-log.ts';

function started(): { host: FakeHost; log: WrittenLog } {
  const host = FakeHost.attached();
  const log = new WrittenLog();
  host.socket.entry(log.fence(1000));
  return { host, log };
}

/** The client comes back after its wait and is attached again. */
function cameBack(host: FakeHost): void {
  host.advance(5000);
  host.socket.opened();
  host.answer();
}

describe('the output of a session client', () => {
  it('[WP1] hands bytes on as they are, a character split between two frames included', () => {
    const { host, log } = started();
    const bytes = new TextEncoder().encode('é');
    host.socket.entry(log.data(bytes.subarray(0, 1)));
    host.socket.entry(log.data(bytes.subarray(1)));
    expect(host.shown.map((shown) => shown['size'])).toEqual([1, 1]);
    expect(host.client.position).toEqual(log.position);
  });

  it('[WP1] tells stderr from stdout, and leaves out the cursor of a log', () => {
    const { host, log } = started();
    host.socket.entry(log.data('err', true));
    host.socket.entry(log.dataWithCursor('line\n'));
    expect(host.shown.map((shown) => shown['source'])).toEqual(['stderr', 'stdout']);
    expect(host.text).toBe('errline\n');
  });

  it('[WP3] refuses a frame that skips bytes, says so, and resumes from its last good position', () => {
    const { host, log } = started();
    host.socket.entry(log.data('good'));
    const good = log.position;
    log.data('lost on the way');
    host.socket.entry(log.data('after'));
    expect(host.text).toBe('good');
    expect(host.state.faults.mismatches).toBe(1);
    expect(host.state.connection).toMatchObject({ kind: 'waiting', text: 'a frame failed its check' });
    cameBack(host);
    expect(host.sockets).toHaveLength(2);
    expect(host.socket.hello).toMatchObject({ kind: 'resume', position: good, parsed: good.offset });
    for (const frame of log.frames.slice(2)) host.socket.entry(frame);
    expect(host.text).toBe('goodlost on the wayafter');
    expect(host.state.faults).toEqual({ mismatches: 1, gaps: 0, gapBytes: 0, rewinds: 0 });
  });

  it('[RS3] names the take in whose fence it stands, by its nonce; not one whose fence entry it has not seen', () => {
    const { host, log } = started();
    host.socket.entry(log.data('good'));
    host.socket.lost();
    cameBack(host);
    expect(host.socket.hello).toMatchObject({ kind: 'resume', nonce: 1000 });
    log.fence(2000);
    log.data('gone');
    host.socket.tell({ kind: 'gap', to: log.position, sizeBytes: 4, cause: 1, adoptCrc: false });
    host.socket.entry(log.data('on'));
    host.socket.lost();
    cameBack(host);
    expect(host.socket.hello).toMatchObject({ kind: 'resume', nonce: 0 });
  });

  it.each([
    ['a repeated frame', (log: WrittenLog) => log.frames.at(-1)],
    ['a damaged byte', (log: WrittenLog) => flipped(log.data('x'), 28)],
    ['another fence', (log: WrittenLog) => flipped(log.data('x'), 7)],
    ['another offset', (log: WrittenLog) => flipped(log.data('x'), 23)],
    ['half a frame', (log: WrittenLog) => log.data('x').subarray(0, 20)],
  ])('[WP3] refuses %s', (_what, frame) => {
    const { host, log } = started();
    host.socket.entry(log.data('good'));
    host.socket.entry(frame(log) as Uint8Array);
    expect(host.state.faults.mismatches).toBe(1);
    expect(host.text).toBe('good');
    expect(host.socket.closed).toBe(true);
  });

  it('[WP3] adopts at the second mismatch of one place, as a declared gap', () => {
    const { host, log } = started();
    host.socket.entry(log.data('good'));
    log.data('gone');
    const after = log.data('after');
    host.socket.entry(after);
    cameBack(host);
    host.socket.entry(after);
    expect(host.shown.slice(1)).toEqual([
      { kind: 'gap', sizeBytes: 4, cause: 4 },
      { kind: 'output', source: 'stdout', replayed: false, size: 5 },
    ]);
    expect(host.state.faults).toMatchObject({ mismatches: 1, gaps: 1, gapBytes: 4 });
    host.socket.entry(log.data(' on'));
    expect(host.text).toBe('goodafter on');
  });

  it('[WP3] gives up when every connection brings frames that cannot be read', () => {
    const { host } = started();
    for (let i = 0; i < 5; i++) {
      host.socket.entry(new Uint8Array([1, 2, 3]));
      if (i < 4) cameBack(host);
    }
    expect(host.state.connection).toMatchObject({ kind: 'lost', code: 4500 });
    host.advance(60_000);
    expect(host.sockets).toHaveLength(5);
  });

  it('[WP5] ignores a frame of a type it does not know', () => {
    const { host, log } = started();
    host.socket.entry(new Uint8Array([0x5f, 0, 1, 2]));
    host.socket.entry(log.data('fine'));
    expect(host.text).toBe('fine');
    expect(host.state.faults.mismatches).toBe(0);
  });

  it('[LG7] shows a gap entry where it stands and goes on behind it', () => {
    const { host, log } = started();
    host.socket.entry(log.data('before'));
    host.socket.entry(log.gap({ sizeBytes: 1000, cause: 5 }));
    host.socket.entry(log.data('after'));
    expect(host.shown.map((shown) => shown.kind)).toEqual(['output', 'gap', 'output']);
    expect(host.state.faults).toEqual({ mismatches: 0, gaps: 1, gapBytes: 1000, rewinds: 0 });
    expect(host.client.position.offset).toBe('before'.length + 1000 + 'after'.length);
  });

  it('[LG7] follows a gap that its edge made, adopting the next CRC only when told to', () => {
    const { host, log } = started();
    log.data('trimmed away');
    const to = log.position;
    host.socket.tell({ kind: 'gap', to: { ...to, crc: 0 }, sizeBytes: 12, cause: 1, adoptCrc: true });
    host.socket.entry(log.data('first kept'));
    host.socket.entry(log.data(', second'));
    expect(host.text).toBe('first kept, second');
    expect(host.state.faults).toMatchObject({ mismatches: 0, gapBytes: 12 });
  });

  it('[LG7] says nothing of a gap without bytes', () => {
    const { host, log } = started();
    log.mark('reopened');
    host.socket.tell({ kind: 'gap', to: log.position, sizeBytes: 0, cause: 1, adoptCrc: false });
    host.socket.entry(log.data('on'));
    expect(host.shown.map((shown) => shown.kind)).toEqual(['output']);
    expect(host.state.faults.gaps).toBe(0);
  });

  it('[LG8] is told how much was rewound, and takes what the new writer says instead', () => {
    const { host, log } = started();
    host.socket.entry(log.data('kept'));
    const base = log.position;
    host.socket.entry(log.data('lost tail'));
    host.socket.tell({ kind: 'rewound', to: base, adoptCrc: false });
    host.socket.entry(log.fence(2000, base));
    host.socket.entry(log.data(' and new'));
    expect(host.shown.slice(-2).map((shown) => shown.kind)).toEqual(['rewound', 'output']);
    expect(host.shown.at(-2)).toEqual({ kind: 'rewound', bytes: 9 });
    expect(host.state.faults).toMatchObject({ mismatches: 0, rewinds: 1 });
  });

  it('[LG8] acknowledges nothing that was rewound, even if the terminal parses it later', () => {
    const { host, log } = started();
    host.parsesAtOnce = false;
    const base = log.position;
    for (let i = 0; i < 3; i++) host.socket.entry(log.data(new Uint8Array(60_000)));
    host.socket.tell({ kind: 'rewound', to: base, adoptCrc: false });
    host.client.parsed(3);
    expect(host.socket.sent('ack')).toEqual([]);
    host.socket.entry(log.fence(2000, base));
    host.socket.entry(log.data(new Uint8Array(65_536)));
    host.client.parsed(4);
    expect(host.socket.sent('ack')).toMatchObject([{ outputFence: 2000, offset: 65_536 }]);
  });

  it('[FC2] acknowledges what was parsed, not what was received, by quarters of its window, or 32 KiB', () => {
    const { host, log } = started();
    host.parsesAtOnce = false;
    for (let i = 0; i < 4; i++) host.socket.entry(log.data(new Uint8Array(20_000)));
    expect(host.socket.sent('ack')).toEqual([]);
    host.client.parsed(1);
    expect(host.socket.sent('ack')).toEqual([]);
    host.client.parsed(2);
    expect(host.socket.sent('ack')).toMatchObject([{ outputFence: 1000, offset: 40_000 }]);
  });

  it('[FC1] asks for half a second of what it parses, within the bounds', () => {
    const { host, log } = started();
    host.parsesAtOnce = false;
    for (let i = 1; i <= 20; i++) {
      host.socket.entry(log.data(new Uint8Array(10_000)));
      host.socket.entry(log.data(new Uint8Array(10_000)));
      host.advance(200);
      host.client.parsed(2 * i - 1);
    }
    // 10 kB in 200 ms: half a second of it is 25 kB.
    expect(host.socket.sent('ack').at(-1)?.windowBytes).toBeGreaterThan(20_000);
    expect(host.socket.sent('ack').at(-1)?.windowBytes).toBeLessThan(60_000);
  });

  it('[RS1] resumes with the base of the last fence it passed', () => {
    const { host, log } = started();
    host.socket.entry(log.data('one'));
    const base = log.position;
    host.socket.entry(log.fence(2000));
    host.socket.lost();
    cameBack(host);
    expect(host.socket.hello).toMatchObject({ kind: 'resume', position: log.position, base, key: 'k'.repeat(32), connection: 2 });
  });

  it('[RS1] starts again from the log’s beginning and names the stream before the reload', () => {
    const saved = { session: 'session-0123456789', key: 'key', stream: 'ab'.repeat(16), connection: 3, parsed: 6 };
    const host = new FakeHost();
    host.client.startAgain(saved, { cols: 100, rows: 30 });
    host.socket.opened();
    expect(host.socket.hello).toMatchObject({
      kind: 'resume',
      position: startOfLog,
      former: [saved.stream],
      typed: 0,
      cols: 100,
      rows: 30,
    });
    host.answer();
    const log = new WrittenLog();
    for (const frame of [log.fence(1000), log.data('before'), log.data('after')]) host.socket.entry(frame);
    expect(host.shown.map((shown) => shown['replayed'])).toEqual([true, false]);
    host.socket.lost();
    cameBack(host);
    // The record of who drives may still go back to it.
    expect(host.socket.hello).toMatchObject({ former: [saved.stream] });
  });

  it('[RS1] tells a later page what it needs, until the session is over', () => {
    const { host, log } = started();
    host.socket.entry(log.data('four'));
    const stream = host.socket.hello.stream;
    expect(host.client.saved).toEqual({ session: host.state.session, key: 'k'.repeat(32), stream, former: [], connection: 1, parsed: 4 });
    host.socket.entry(log.exit({ kind: 'exited', code: 0, message: 'done' }));
    expect(host.client.saved).toBeUndefined();
  });

  it('[UP4] ends with the reason of the exit entry and does not come back', () => {
    const { host, log } = started();
    host.socket.entry(log.exit({ kind: 'exited', code: 3, message: 'The process ended.' }));
    expect(host.state.connection).toEqual({ kind: 'ended', reason: { kind: 'exited', code: 3, message: 'The process ended.' } });
    expect(host.socket.closed).toBe(true);
    host.socket.lost(4506);
    host.advance(60_000);
    expect(host.sockets).toHaveLength(1);
  });
});

function flipped(frame: Uint8Array, at: number): Uint8Array {
  const copy = frame.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
