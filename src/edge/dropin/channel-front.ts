import type { EndReason } from '../../protocol/end-reason.ts';
import { type AttachTarget, type ExecTarget, type StreamName, streamNames } from '../../protocol/target.ts';
import { isCells } from '../../protocol/terminal-cells.ts';
import { decodeUtf8, encodeUtf8 } from '../../protocol/utf8.ts';
import { channel, decodeClientMessage, encodeMessage } from '../../upstream/kubernetes/channel-codec.ts';
import type { ChannelProtocol } from '../../upstream/kubernetes/subprotocol.ts';
import type { StreamSocket, StreamSocketEvents } from '../stream-listener.ts';
import type { Front } from './client-output.ts';
import type { DropInSession } from './drop-in-session.ts';
import { endOnChannels } from './end-answer.ts';

/** The server's end of one exec or attach socket (DI2): as the API server and the container runtimes speak. */
export class ChannelFront implements Front, StreamSocketEvents {
  readonly #socket: StreamSocket;
  readonly #protocol: ChannelProtocol;
  readonly #tty: boolean;
  readonly #streams: readonly StreamName[];
  readonly #session: DropInSession;

  constructor(socket: StreamSocket, protocol: ChannelProtocol, target: ExecTarget | AttachTarget, session: DropInSession) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#tty = target.tty;
    this.#streams = target.streams ?? streamNames;
    this.#session = session;
    // One empty frame on the lowest channel of output says that the socket is open (facts 4.3).
    const first = this.#streams.includes('stdout') ? channel.stdout : this.#wantsStderr ? channel.stderr : channel.status;
    this.#socket.send(encodeMessage(protocol.framing, first, new Uint8Array()), ignore);
  }

  message(message: Uint8Array): void {
    const decoded = decodeClientMessage(this.#protocol, message);
    switch (decoded.kind) {
      case 'input':
        if (this.#streams.includes('stdin') && !this.#session.input.write(decoded.bytes))
          this.#session.fail('More input was sent than this relay keeps.', 'input-too-large');
        return;
      case 'resize': {
        const size = this.#tty ? parseSize(decoded.bytes) : undefined;
        return size && this.#session.input.resize(size.cols, size.rows);
      }
      case 'close':
        // On a TTY the end of input would end the output on some runtimes; the API server does nothing then (facts 4.4, 9.6).
        if (decoded.stream === channel.stdin && !this.#tty) this.#session.input.end();
        return;
      case 'damaged':
        return this.#session.fail('Input came that is no base64.', 'damaged-input');
      case 'bad-close':
        this.#socket.close(1000, '');
        return this.#session.leave();
      case 'nothing':
    }
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', taken: () => void): void {
    const wanted = source === 'stdout' ? this.#streams.includes('stdout') : this.#wantsStderr;
    if (wanted)
      this.#socket.send(encodeMessage(this.#protocol.framing, source === 'stdout' ? channel.stdout : channel.stderr, bytes), taken);
    else taken();
  }

  /** Beside the errors of the process, never among its output. */
  say(text: string): void {
    this.output(encodeUtf8(`poseidon: ${text}\n`), 'stderr', ignore);
  }

  end(end: EndReason): void {
    const { status, closeCode, closeText } = endOnChannels(end, this.#protocol.status);
    if (status) this.#socket.send(encodeMessage(this.#protocol.framing, channel.status, status), ignore);
    this.#socket.close(closeCode, closeText);
  }

  hold(held: boolean): void {
    if (held) this.#socket.pause();
    else this.#socket.resume();
  }

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  get #wantsStderr(): boolean {
    return this.#streams.includes('stderr') && !this.#tty;
  }
}

/** Keys in any case, as Go reads them. What is no size is dropped: upstream one would freeze the session (facts 4.2). */
function parseSize(bytes: Uint8Array): { readonly cols: number; readonly rows: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes) ?? '');
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = Object.fromEntries(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field as unknown]));
  const { width: cols, height: rows } = fields;
  return isCells(cols) && isCells(rows) ? { cols, rows } : undefined;
}

function ignore(): void {}
