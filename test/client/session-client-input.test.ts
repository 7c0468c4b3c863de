import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputKeeper } from '../../src/client/input-keeper.ts';
import { CloseStreamCause } from '../../src/protocol/ephemeral.ts';
import { type ClientStream, readStream } from '../../src/protocol/ids.ts';
import { inputGrantBytes } from '../../src/protocol/limits.ts';
import { FakeHost } from './fake-host.ts';
import { WrittenLog } from './written-log.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (pieces: readonly { readonly bytes: Uint8Array }[]) => pieces.map((piece) => new TextDecoder().decode(piece.bytes)).join('');

function reconnected(host: FakeHost, next: number): void {
  host.socket.lost();
  host.advance(5000);
  host.socket.opened();
  host.answer(next);
}

function lostControl(host: FakeHost): ClientStream {
  const { stream } = host.socket.hello;
  host.socket.tell({ kind: 'status', status: { control: { driving: false, cause: 'replaced' } } });
  return stream;
}

describe('the input of a session client', () => {
  it('[RS4] names every byte by its offset in the stream', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('ab'));
    host.client.type(bytes('cde'));
    expect(host.socket.sent('input').map((frame) => frame.offset)).toEqual([0, 2]);
    expect(host.state.untypedBytes).toBe(5);
  });

  it('[RS4] keeps bytes until they are typed and sends from the next that the edge answers', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('typed accepted lost'));
    host.socket.tell({ kind: 'inputAck', accepted: 15, typed: 6, endOfInput: false });
    reconnected(host, 15);
    expect(host.socket.hello).toMatchObject({ typed: 6 });
    expect(host.socket.sent('input')).toMatchObject([{ offset: 15 }]);
    expect(text(host.socket.sent('input'))).toBe('lost');
    host.socket.tell({ kind: 'inputAck', accepted: 19, typed: 19, endOfInput: false });
    expect(host.state.untypedBytes).toBe(0);
  });

  it('[RS4] keeps what is typed while the connection is away, and sends it once', () => {
    const host = FakeHost.attached();
    host.socket.lost();
    expect(host.client.type(bytes('while away'))).toBe(true);
    host.advance(5000);
    expect(host.state.untypedBytes).toBe(10);
    host.socket.opened();
    host.answer();
    expect(text(host.socket.sent('input'))).toBe('while away');
  });

  it('[UP2] tells the end of input behind the last byte, once for each edge until the upstream was told', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('all'));
    expect([host.client.endInput(), host.client.endInput()]).toEqual([true, true]);
    expect(host.socket.frames.slice(-2)).toMatchObject([{ kind: 'input' }, { kind: 'endOfInput', offset: 3 }]);
    expect(host.client.type(bytes('behind it'))).toBe(false);
    expect(host.state.untypedBytes).toBe(3);
    // The edge took it along: another one has the bytes and the end again.
    reconnected(host, 1);
    expect(host.socket.frames.slice(1)).toMatchObject([
      { kind: 'input', offset: 1 },
      { kind: 'endOfInput', offset: 3 },
    ]);
    host.socket.tell({ kind: 'inputAck', accepted: 3, typed: 3, endOfInput: true });
    reconnected(host, 3);
    expect(host.socket.sent('endOfInput')).toEqual([]);
  });

  it('[UP2] keeps the end of input while the connection is away, and behind what the grant does not let go yet', () => {
    const host = FakeHost.attached();
    host.socket.lost();
    host.client.type(new Uint8Array(inputGrantBytes + 5));
    host.client.endInput();
    host.advance(5000);
    host.socket.opened();
    host.answer();
    expect(host.socket.sent('endOfInput')).toEqual([]);
    host.socket.tell({ kind: 'inputAck', accepted: 5, typed: 5, endOfInput: false });
    expect(host.socket.frames.at(-1)).toMatchObject({ kind: 'endOfInput', offset: inputGrantBytes + 5 });
  });

  it('[UP2] does not end the input of whoever drives instead', () => {
    const host = FakeHost.attached();
    lostControl(host);
    expect(host.client.endInput()).toBe(false);
    expect(host.socket.sent('endOfInput')).toEqual([]);
  });

  it('[FC5] never sends more than the grant beyond what was accepted', () => {
    const host = FakeHost.attached();
    host.client.type(new Uint8Array(1_000_000));
    const sentUpTo = () => host.socket.sent('input').reduce((end, frame) => Math.max(end, frame.offset + frame.bytes.length), 0);
    expect(sentUpTo()).toBe(inputGrantBytes);
    host.socket.tell({ kind: 'inputAck', accepted: 10_000, typed: 0, endOfInput: false });
    expect(sentUpTo()).toBe(inputGrantBytes + 10_000);
    reconnected(host, 10_000);
    expect(sentUpTo()).toBe(inputGrantBytes + 10_000);
  });

  it('[RS4] has a new stream after every loss of control, and does not send what was kept for the old', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('never to another shell'));
    const old = lostControl(host);
    expect(host.state).toMatchObject({ driving: false, untypedBytes: 0 });
    expect(host.client.type(bytes('x'))).toBe(false);
    host.client.takeControl();
    const [take] = host.socket.sent('takeControl');
    expect(take?.stream).not.toBe(old);
    host.socket.tell({ kind: 'status', status: { control: { driving: true, stream: take?.stream as ClientStream, next: 0 } } });
    host.client.type(bytes('ls\n'));
    expect(text(host.socket.sent('input').slice(1))).toBe('ls\n');
    expect(host.saves.at(-1)?.stream).toBe(take?.stream);
  });

  it('[RS4] begins with a new stream when its edge has taken it: what comes before is about the stream before', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('ls'));
    host.client.takeControl();
    host.client.type(bytes('rm'));
    host.socket.tell({ kind: 'inputAck', accepted: 2, typed: 2, endOfInput: false });
    expect(host.state.untypedBytes).toBe(2);
    expect(text(host.socket.sent('input'))).toBe('ls');
    const stream = host.socket.sent('takeControl')[0]?.stream as ClientStream;
    host.socket.tell({ kind: 'status', status: { control: { driving: true, stream, next: 0 } } });
    expect(text(host.socket.sent('input'))).toBe('lsrm');
  });

  it('[DR1] only watches after it was replaced, also when it comes back, until a person takes control', () => {
    const host = FakeHost.attached();
    lostControl(host);
    host.socket.lost();
    expect(host.client.type(bytes('x'))).toBe(false);
    host.advance(5000);
    host.socket.opened();
    expect(host.socket.hello).toMatchObject({ watch: true });
  });

  it('[RS6] counts exactly what was not sent once the worker closes the stream', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    const stream = lostControl(host);
    expect(host.state.notSentBytes).toBe(0);
    const closed = { stream, typed: 4, cause: CloseStreamCause.superseded };
    host.socket.tell({ kind: 'status', status: { closed } });
    host.socket.tell({ kind: 'status', status: { closed } });
    expect(host.state.notSentBytes).toBe(6);
  });

  it('[RS6] goes on with a new stream when the worker found a hole in its own', () => {
    const host = FakeHost.attached();
    const { stream } = host.socket.hello;
    host.client.type(bytes('0123456789'));
    host.socket.tell({ kind: 'status', status: { closed: { stream, typed: 7, cause: CloseStreamCause.hole } } });
    expect(host.state).toMatchObject({ notSentBytes: 3, driving: false, untypedBytes: 0 });
    const [take] = host.socket.sent('takeControl');
    expect(take?.stream).not.toBe(stream);
    host.socket.tell({ kind: 'status', status: { control: { driving: true, stream: take?.stream as ClientStream, next: 0 } } });
    expect(host.client.type(bytes('on'))).toBe(true);
  });

  it('[RS4] keeps 32 MiB of input and no more: of what does not fit nothing is taken', () => {
    const host = FakeHost.attached();
    const pieces = Array.from({ length: 5 }, () => host.client.type(new Uint8Array(7 * 1024 * 1024)));
    expect(pieces).toStrictEqual([true, true, true, true, false]);
    expect(host.state.untypedBytes).toBe(28 * 1024 * 1024);
    expect(host.client.type(bytes('still fits'))).toBe(true);
  });

  it('[RS6] tells what is on the record from what is only on its way', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    expect(host.state).toMatchObject({ untypedBytes: 10, acceptedBytes: 0 });
    host.socket.tell({ kind: 'inputAck', accepted: 7, typed: 4, endOfInput: false });
    expect(host.state).toMatchObject({ untypedBytes: 6, acceptedBytes: 3 });
  });

  it('[RS6] calls the fate of what was on its way unknown when its worker is lost, and what was never sent not sent', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    host.socket.tell({ kind: 'inputAck', accepted: 7, typed: 4, endOfInput: false });
    host.socket.lost();
    host.client.type(bytes('typed while away'));
    host.advance(5000);
    host.socket.opened();
    const log = new WrittenLog();
    host.socket.entry(log.fence(1000));
    host.socket.entry(log.exit({ kind: 'worker-lost', message: 'The worker was lost.' }));
    expect(host.state).toMatchObject({ untypedBytes: 0, fateUnknownBytes: 6, notSentBytes: 16 });
  });

  it('[RS6] knows everything exactly when the worker has said it before the end', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    const { stream } = host.socket.hello;
    const log = new WrittenLog();
    host.socket.entry(log.fence(1000));
    host.socket.tell({ kind: 'status', status: { closed: { stream, typed: 4, cause: CloseStreamCause.ended } } });
    host.socket.entry(log.exit({ kind: 'exited', code: 0, message: 'The process ended.' }));
    expect(host.state).toMatchObject({ untypedBytes: 0, fateUnknownBytes: 0, notSentBytes: 6 });
  });

  it('[RS6] knows everything exactly when the end says how far its streams were typed', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    const { stream } = host.socket.hello;
    const log = new WrittenLog();
    host.socket.entry(log.fence(1000));
    host.socket.entry(log.exit({ kind: 'exited', code: 0, message: 'The process ended.', typed: { streams: { [stream]: 4 }, all: true } }));
    expect(host.state).toMatchObject({ untypedBytes: 0, fateUnknownBytes: 0, notSentBytes: 6 });
  });

  it('[RS6] calls the fate of what it gave up unknown when the worker has forgotten the stream', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('0123456789'));
    host.socket.tell({ kind: 'inputAck', accepted: 10, typed: 4, endOfInput: false });
    const stream = lostControl(host);
    host.socket.tell({ kind: 'status', status: { closed: { stream, typed: 0, cause: CloseStreamCause.forgotten } } });
    expect(host.state).toMatchObject({ notSentBytes: 0, fateUnknownBytes: 6 });
  });

  it('[RS6] calls unknown also what was sent before a broker had lost it, and within the grant is not yet sent again', () => {
    const host = FakeHost.attached();
    host.client.type(new Uint8Array(2 * inputGrantBytes));
    host.socket.tell({ kind: 'inputAck', accepted: inputGrantBytes, typed: 0, endOfInput: false });
    reconnected(host, 0);
    const stream = lostControl(host);
    host.socket.tell({ kind: 'status', status: { closed: { stream, typed: 0, cause: CloseStreamCause.forgotten } } });
    expect(host.state).toMatchObject({ notSentBytes: 0, fateUnknownBytes: 2 * inputGrantBytes });
  });

  it('[RS6] does not count streams of others', () => {
    const host = FakeHost.attached();
    host.client.type(bytes('abc'));
    const stream = readStream(new Uint8Array(16).fill(0xee), 0);
    host.socket.tell({ kind: 'status', status: { closed: { stream, typed: 0, cause: CloseStreamCause.superseded } } });
    expect(host.state).toMatchObject({ notSentBytes: 0, driving: true, untypedBytes: 3 });
  });

  it('[DR1] sends its size only while it drives, and when it begins to', () => {
    const host = FakeHost.attached();
    host.client.resized(80, 24);
    expect(host.socket.sent('resize')).toEqual([]);
    host.client.resized(100, 30);
    lostControl(host);
    host.client.resized(120, 40);
    expect(host.socket.sent('resize')).toMatchObject([{ cols: 100, rows: 30 }]);
    host.client.takeControl();
    const stream = host.socket.sent('takeControl')[0]?.stream as ClientStream;
    host.socket.tell({ kind: 'status', status: { control: { driving: true, stream, next: 0 } } });
    expect(host.socket.sent('resize').at(-1)).toMatchObject({ cols: 120, rows: 40 });
  });

  it('[RS4] gives back every byte once and in order, whatever is typed, acknowledged and lost in between', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('keep' as const), size: fc.integer({ min: 0, max: 100_000 }) }),
      fc.record({
        kind: fc.constant('acknowledge' as const),
        accepted: fc.double({ min: 0, max: 1, noNaN: true }),
        typed: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ kind: fc.constant('reconnect' as const), next: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const keeper = new InputKeeper(readStream(new Uint8Array(16), 0));
        const byteAt = (offset: number) => (offset * 31 + (offset >> 8)) & 0xff;
        let [end, stored, typed, granted] = [0, 0, 0, 0];
        const send = () => {
          for (let piece = keeper.nextPiece(); piece; piece = keeper.nextPiece()) {
            expect(piece.offset).toBe(stored);
            piece.bytes.forEach((byte, i) => {
              if (byte !== byteAt(piece.offset + i)) throw new Error(`wrong byte at ${piece.offset + i}`);
            });
            stored += piece.bytes.length;
            expect(stored).toBeLessThanOrEqual(granted + inputGrantBytes);
          }
        };
        for (const next of steps) {
          if (next.kind === 'keep') {
            keeper.keep(Uint8Array.from({ length: next.size }, (_, i) => byteAt(end + i)));
            end += next.size;
          } else if (next.kind === 'acknowledge') {
            granted = Math.max(granted, Math.floor(stored * next.accepted));
            typed = Math.max(typed, Math.floor(granted * next.typed));
            keeper.acknowledged(granted, typed);
          } else {
            // The relay has stored some of what was sent, at least what it said it had.
            stored = granted + Math.floor((stored - granted) * next.next);
            granted = stored;
            keeper.startAt(stored);
          }
          send();
          expect(keeper.untypedBytes).toBe(end - typed);
        }
      }),
      { numRuns: 60 },
    );
  });
});
