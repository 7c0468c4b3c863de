import type { Clock, Timer } from '../../base/clock.ts';
import type { EndReason } from '../../protocol/end-reason.ts';
import { isCells } from '../../protocol/terminal-cells.ts';
import { encodeUtf8 } from '../../protocol/utf8.ts';
import type { Upstream, UpstreamEvents } from '../upstream.ts';
import { channel, decodeMessage, encodeMessage, endOfInput, maxPayload } from './channel-codec.ts';
import { LiveSocket, type LiveSocketEvents } from './live-socket.ts';
import type { MessageSocket } from './message-socket.ts';
import { endOfStream } from './stream-end.ts';
import type { ChannelProtocol } from './subprotocol.ts';

export interface ChannelSettings {
  readonly target: 'exec' | 'attach';
  readonly tty: boolean;
  readonly size: { readonly cols: number; readonly rows: number };
}

/** The close frame follows the status at once. If it does not, the status alone is the end (facts section 8, 47). */
const closeAfterStatusMs = 5_000;
/** v5 opens first and fails later: a failure without output within this time means that nothing was started (facts 4.3). */
const startWithinMs = 60_000;
/** A status is a few hundred bytes; what is beyond this is cut. */
const maxStatusBytes = 64 * 1024;

/** One exec or attach connection. The events go to whoever opened it; `attach` gives it the socket once that is open. */
export class ChannelUpstream implements Upstream, LiveSocketEvents {
  readonly socket: LiveSocket;
  readonly #clock: Clock;
  readonly #events: UpstreamEvents;
  readonly #settings: ChannelSettings;
  #protocol: ChannelProtocol | undefined;
  #size: { readonly cols: number; readonly rows: number };
  #status: Uint8Array = new Uint8Array();
  #statusTimer: Timer | undefined;
  #openedAtMs = 0;
  #hasOutput = false;
  #inputEnded = false;
  #unknownMessages = 0;

  constructor(settings: ChannelSettings, events: UpstreamEvents, clock: Clock) {
    this.#settings = settings;
    this.#events = events;
    this.#clock = clock;
    this.#size = settings.size;
    this.socket = new LiveSocket(this, clock);
  }

  /** Once, with a socket that is still paused. */
  attach(socket: MessageSocket, protocol: ChannelProtocol): void {
    this.#protocol = protocol;
    this.#openedAtMs = this.#clock.now();
    this.socket.attach(socket, protocol.framing);
    this.#sendSize();
  }

  /** Messages on channels that nobody knows; ignored. */
  get unknownMessages(): number {
    return this.#unknownMessages;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#protocol || this.#inputEnded) return true;
    const { framing } = this.#protocol;
    const pieceBytes = maxPayload(framing);
    let free = true;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      free = this.socket.send(encodeMessage(framing, channel.stdin, piece), piece.length);
    }
    return free;
  }

  get unsentBytes(): number {
    return this.socket.backlogBytes;
  }

  /** Anything but whole numbers would freeze the session upstream for good, and so would any size without a TTY (facts 4.2). */
  resize(cols: number, rows: number): void {
    if (!isCells(cols) || !isCells(rows)) return;
    this.#size = { cols, rows };
    this.#sendSize();
  }

  endInput(): boolean {
    if (!this.#protocol?.halfClose || this.#settings.tty || this.socket.finished) return false;
    if (!this.#inputEnded) this.socket.send(endOfInput);
    this.#inputEnded = true;
    return true;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.finish();
    this.#statusTimer?.cancel();
  }

  message(bytes: Uint8Array): void {
    if (!this.#protocol) return;
    const decoded = decodeMessage(this.#protocol.framing, bytes);
    switch (decoded.kind) {
      case 'bytes':
        if (decoded.channel === channel.status) this.#addStatus(decoded.bytes);
        else {
          this.#hasOutput = true;
          this.#events.output(decoded.bytes, decoded.channel === channel.stderr ? 'stderr' : 'stdout');
        }
        return;
      case 'damaged':
        this.#end({ kind: 'broken', reason: 'damaged-frame', message: 'The upstream sent a damaged message; bytes were lost.' });
        return;
      case 'unknown':
        this.#unknownMessages += 1;
        return;
      case 'empty':
    }
  }

  drained(): void {
    this.#events.drained();
  }

  closed(code: number, failure: 'too-large' | 'protocol' | undefined): void {
    if (failure && this.#status.length === 0) {
      const what = failure === 'too-large' ? 'a message larger than 32 MiB' : 'something that is no WebSocket message';
      this.#end({ kind: 'broken', reason: failure, message: `The upstream sent ${what}.` });
    } else this.#endByStatus(code);
  }

  dataDue(): void {
    if (this.#settings.tty) this.#sendSize();
    else this.socket.sendEmpty();
  }

  silent(): void {
    this.#end({ kind: 'broken', reason: 'silent', message: 'The upstream has gone silent. The process may still be running.' });
  }

  #sendSize(): void {
    if (!this.#protocol || !this.#settings.tty) return;
    const json = JSON.stringify({ Width: this.#size.cols, Height: this.#size.rows });
    this.socket.send(encodeMessage(this.#protocol.framing, channel.resize, encodeUtf8(json)));
  }

  #addStatus(bytes: Uint8Array): void {
    const room = maxStatusBytes - this.#status.length;
    if (room > 0) this.#status = Buffer.concat([this.#status, bytes.subarray(0, room)]);
    this.#statusTimer ??= this.#clock.after(closeAfterStatusMs, () => this.#endByStatus(1000));
  }

  #endByStatus(closeCode: number): void {
    this.#end(
      endOfStream({
        target: this.#settings.target,
        status: this.#status,
        statusForm: this.#protocol?.status ?? 'json',
        closeCode,
        started: this.#hasOutput || this.#clock.now() - this.#openedAtMs > startWithinMs,
      }),
    );
  }

  #end(reason: EndReason): void {
    if (!this.socket.finish()) return;
    this.#statusTimer?.cancel();
    this.#events.ended(this.#withUnconfirmed(reason));
  }

  /** What was typed last may have gone into a connection that was dead already (RS6). */
  #withUnconfirmed(reason: EndReason): EndReason {
    const bytes = this.socket.unconfirmedBytes;
    if (reason.kind !== 'broken' || bytes === 0) return reason;
    const last = bytes === 1 ? 'The last typed byte' : `The last ${bytes} typed bytes`;
    return { ...reason, message: `${reason.message} ${last} may not have reached it.` };
  }
}
