import { Buffer } from 'node:buffer';

/** Memory is taken in pieces of this size and handed to the socket as it is filled; never reused, so nothing waits for the kernel. */
const slabBytes = 64 * 1024;
/** A longer argument is handed over as it is: frames are never written again. Shorter ones are copied, which is cheaper than one more iovec. */
const copiedBytes = 8 * 1024;

/** Collects the commands of one event-loop turn as RESP2 arrays of bulk strings. */
export class RespEncoder {
  #slab = Buffer.allocUnsafe(slabBytes);
  #start = 0;
  #at = 0;
  #full: Buffer[] = [];

  /** @param parts strings are UTF-8 */
  command(parts: readonly (string | Uint8Array)[]): number {
    let length = this.head(parts.length);
    for (const part of parts) length += typeof part === 'string' ? this.text(part) : this.bytes(part);
    return length;
  }

  /** Starts a command of `count` arguments, which follow. @returns bytes written, as all methods do */
  head(count: number): number {
    return this.ascii(`*${count}\r\n`);
  }

  text(text: string): number {
    const length = Buffer.byteLength(text);
    const headLength = this.ascii(`$${length}\r\n`);
    this.#room(length);
    this.#at += this.#slab.write(text, this.#at);
    return headLength + length + this.ascii('\r\n');
  }

  bytes(bytes: Uint8Array): number {
    const { length } = bytes;
    const headLength = this.ascii(`$${length}\r\n`);
    if (length > copiedBytes) {
      this.#cut();
      this.#full.push(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    } else {
      this.#room(length);
      this.#slab.set(bytes, this.#at);
      this.#at += length;
    }
    return headLength + length + this.ascii('\r\n');
  }

  /** Ready-made RESP; ASCII only. */
  ascii(text: string): number {
    this.#room(text.length);
    this.#slab.write(text, this.#at, 'latin1');
    this.#at += text.length;
    return text.length;
  }

  /** Everything since the last call, in order. */
  take(): Buffer[] {
    this.#cut();
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  #cut(): void {
    if (this.#at > this.#start) this.#full.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafe(Math.max(slabBytes, bytes));
    this.#start = 0;
    this.#at = 0;
  }
}
