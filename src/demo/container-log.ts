import type { Clock } from '../base/clock.ts';
import { encodeUtf8 } from '../protocol/utf8.ts';

export interface LogLine {
  readonly atMs: number;
  /** RFC 3339 with nine digits and a blank, as the kubelet writes it in front of a line. */
  readonly prefix: Uint8Array;
  /** With its newline. */
  readonly bytes: Uint8Array;
}

/** What a container has printed. Beyond this the oldest lines go, as a rotated file would (bytes). */
const keptBytes = 1024 * 1024;

/** Lines have numbers that never change, so that a reader keeps its place while old ones go. */
export class ContainerLog {
  readonly #clock: Clock;
  readonly #readers = new Set<() => void>();
  #lines: LogLine[] = [];
  #firstNumber = 0;
  #bytes = 0;
  #lastAtMs = 0;
  #sameTime = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get firstNumber(): number {
    return this.#firstNumber;
  }

  get nextNumber(): number {
    return this.#firstNumber + this.#lines.length;
  }

  line(number: number): LogLine | undefined {
    return this.#lines[number - this.#firstNumber];
  }

  append(bytes: Uint8Array, atMs: number = this.#clock.wallMs()): void {
    this.#sameTime = atMs === this.#lastAtMs ? this.#sameTime + 1 : 0;
    this.#lastAtMs = atMs;
    const nanoseconds = String(this.#sameTime).padStart(6, '0');
    const prefix = encodeUtf8(`${new Date(atMs).toISOString().slice(0, -1)}${nanoseconds}Z `);
    this.#lines.push({ atMs, prefix, bytes });
    this.#bytes += bytes.length;
    while (this.#bytes > keptBytes && this.#lines.length > 1) {
      this.#bytes -= this.#lines.shift()?.bytes.length ?? 0;
      this.#firstNumber += 1;
    }
    for (const tell of this.#readers) tell();
  }

  /** @returns what ends the telling */
  onLine(tell: () => void): () => void {
    this.#readers.add(tell);
    return () => this.#readers.delete(tell);
  }
}

/** Cuts what a process writes into lines. */
export class LineCutter {
  readonly #line: (bytes: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array();

  constructor(line: (bytes: Uint8Array) => void) {
    this.#line = line;
  }

  add(bytes: Uint8Array): void {
    let from = 0;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
      this.#line(Buffer.concat([this.#rest, bytes.subarray(from, at + 1)]));
      this.#rest = new Uint8Array();
      from = at + 1;
    }
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(from)]);
    // A program that never ends its line must not fill the memory: the kubelet, too, cuts at 16 KiB.
    if (this.#rest.length < maxLineBytes) return;
    this.#line(Buffer.concat([this.#rest, Uint8Array.of(newline)]));
    this.#rest = new Uint8Array();
  }
}

const newline = 0x0a;
const maxLineBytes = 16 * 1024;
