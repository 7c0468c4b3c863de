import { concat } from '../protocol/bytes.ts';
import { type ClientStream, readStream } from '../protocol/ids.ts';
import { inputGrantBytes } from '../protocol/limits.ts';
import type { ClientHost } from './client-host.ts';

/** Input kept in the page at most, a paste included. Beyond it `keep` takes nothing and the page says so. */
const keptInputBytes = 32 * 1024 * 1024;

/** Bytes of one input frame. */
const sendPieceBytes = 32 * 1024;

/**
 * The input of one client stream: every byte has a name for ever, (stream, offset), and is kept until it was typed (RS4).
 * What is sent goes at most {@link inputGrantBytes} beyond what the log has accepted (FC5).
 */
export class InputKeeper {
  readonly stream: ClientStream;
  #parts: Uint8Array[] = [];
  #typed = 0;
  #end = 0;
  #accepted = 0;
  /** Offset of the next byte to send on this socket. */
  #sent = 0;
  /** Behind the last byte that any socket was given. */
  #reached = 0;
  /** An edge has said that it takes this stream: what was acknowledged before then was an earlier one's (RS4). */
  #begun = false;
  /** Nothing will follow: `asked` for, `sent` to this edge behind the last byte, `told` to the upstream. */
  #ending: 'no' | 'asked' | 'sent' | 'told' = 'no';

  constructor(stream: ClientStream) {
    this.stream = stream;
  }

  static ofNewStream(host: Pick<ClientHost, 'randomBytes'>): InputKeeper {
    return new InputKeeper(readStream(host.randomBytes(16), 0));
  }

  get typed(): number {
    return this.#typed;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Beyond it nothing can have reached the log, also after a broker that lost entries had it sent again from further back. */
  get reached(): number {
    return this.#reached;
  }

  get untypedBytes(): number {
    return this.#end - this.#typed;
  }

  get shown(): { readonly untypedBytes: number; readonly acceptedBytes: number } {
    return { untypedBytes: this.untypedBytes, acceptedBytes: Math.max(0, Math.min(this.#accepted, this.#end) - this.#typed) };
  }

  /** @returns false when the bytes do not fit, or the input has ended: nothing of them is kept */
  keep(bytes: Uint8Array): boolean {
    if (this.#ending !== 'no' || this.untypedBytes + bytes.length > keptInputBytes) return false;
    if (bytes.length > 0) this.#parts.push(bytes);
    this.#end += bytes.length;
    return true;
  }

  /** Nothing will be typed behind what is kept. It is kept like a byte, until it was told to the upstream (UP2). */
  end(): void {
    if (this.#ending === 'no') this.#ending = 'asked';
  }

  /** @returns where the input ends, once for each edge, when all of it was sent */
  endToSend(): number | undefined {
    if (!this.#begun || this.#ending !== 'asked' || this.#sent < this.#end) return undefined;
    this.#ending = 'sent';
    return this.#sent;
  }

  /** The edge takes the stream from `next` on, now. */
  startAt(next: number): void {
    this.#begun = true;
    if (this.#ending === 'sent') this.#ending = 'asked';
    this.acknowledged(next, Math.min(next, this.#typed));
    this.#sent = Math.max(next, this.#typed);
    this.#accepted = this.#sent;
  }

  /** @param endTold the upstream was told of the end of this input */
  acknowledged(accepted: number, typed: number, endTold = false): void {
    if (!this.#begun) return;
    if (endTold && this.#ending !== 'no') this.#ending = 'told';
    this.#accepted = Math.max(this.#accepted, accepted);
    const upTo = Math.min(typed, this.#end);
    let drop = upTo - this.#typed;
    while (drop > 0) {
      const first = this.#parts[0] as Uint8Array;
      if (first.length > drop) {
        this.#parts[0] = first.subarray(drop);
        drop = 0;
      } else {
        this.#parts.shift();
        drop -= first.length;
      }
    }
    this.#typed = Math.max(this.#typed, upTo);
    this.#sent = Math.max(this.#sent, this.#typed);
  }

  /** The next piece to send, within the grant; undefined when there is none, and before an edge has taken the stream. */
  nextPiece(): { readonly offset: number; readonly bytes: Uint8Array } | undefined {
    if (!this.#begun) return undefined;
    const size = Math.min(this.#end - this.#sent, this.#accepted + inputGrantBytes - this.#sent, sendPieceBytes);
    if (size <= 0) return undefined;
    const offset = this.#sent;
    this.#sent += size;
    this.#reached = Math.max(this.#reached, this.#sent);
    return { offset, bytes: this.#slice(offset - this.#typed, size) };
  }

  #slice(from: number, size: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let skip = from;
    let left = size;
    for (const part of this.#parts) {
      if (skip >= part.length) {
        skip -= part.length;
        continue;
      }
      const piece = part.subarray(skip, skip + left);
      pieces.push(piece);
      left -= piece.length;
      skip = 0;
      if (left === 0) break;
    }
    return concat(pieces);
  }
}
