import { Buffer } from 'node:buffer';

/** A RESP2 reply: bulk and simple strings as bytes, integers, nil, errors as values. */
export type RespReply = Buffer | number | null | Error | readonly RespReply[];

/** A reply with all that it holds. The largest in use is a page of a log, little more than 1 MiB; beyond this the connection breaks. */
export const replyBytes = 4 * 1024 * 1024;
/** A line: a number, a length, a status, the text of an error. */
export const lineBytes = 16 * 1024;
/** Arrays inside each other; a page of a log has three. */
export const replyDepth = 8;
/** `+\r\n`: no element of an array is shorter. */
const leastElementBytes = 3;

interface OpenArray {
  readonly items: RespReply[];
  left: number;
}

const cr = 13;
const lf = 10;
const minus = 45;
const nothing = Buffer.alloc(0);

/**
 * From chunks of a connection to replies. What it holds of an incomplete one is bounded, whatever lengths are announced; a stream that
 * breaks the protocol or a bound is damaged for good, because nobody knows which command its next reply would answer.
 */
export class RespDecoder {
  readonly #reply: (reply: RespReply) => void;
  /** A line whose end has not come. */
  #line: Buffer = nothing;
  /** A bulk string with its CRLF that has not come whole, and how much of it has. */
  #bulk: Buffer | undefined;
  #filled = 0;
  /** Arrays that are not complete, outermost first. */
  #open: OpenArray[] = [];
  /** Of the reply that is not complete. */
  #bytes = 0;
  #damage: Error | undefined;

  /** @param reply gets strings as views over the chunk they arrived in, if they came whole */
  constructor(reply: (reply: RespReply) => void) {
    this.#reply = reply;
  }

  /** Bytes kept of a reply that is not complete. */
  get heldBytes(): number {
    return this.#bytes + this.#line.length + (this.#bulk?.length ?? 0);
  }

  /** @returns what is wrong with the stream, from then on: nothing behind it is read */
  read(chunk: Buffer): Error | undefined {
    if (this.#damage) return this.#damage;
    let at = this.#bulk ? this.#fill(chunk) : 0;
    let bytes = chunk;
    if (this.#line.length > 0) {
      bytes = Buffer.concat([this.#line, chunk]);
      this.#line = nothing;
    }
    while (at < bytes.length && !this.#damage) at = this.#token(bytes, at);
    return this.#damage;
  }

  /** One line, and the bulk string that it announces. @returns where the next begins */
  #token(bytes: Buffer, at: number): number {
    let end = at + 1;
    while (end < bytes.length && bytes[end] !== cr) end++;
    if (end - at > lineBytes) return this.#damaged('a line that is too long', bytes);
    if (end + 1 >= bytes.length) {
      this.#line = bytes.subarray(at);
      return bytes.length;
    }
    if (bytes[end + 1] !== lf) return this.#damaged('a line without its end', bytes);
    this.#bytes += end + 2 - at;
    switch (bytes[at]) {
      case 0x24: // $
        return this.#bulkString(bytes, at, end);
      case 0x3a: // :
        return this.#number(bytes, at, end);
      case 0x2a: // *
        return this.#array(bytes, at, end);
      case 0x2b: // +
        this.#complete(bytes.subarray(at + 1, end));
        return end + 2;
      case 0x2d: // -
        this.#complete(new Error(bytes.toString('utf8', at + 1, end)));
        return end + 2;
      default:
        return this.#damaged('something that is no RESP2 reply', bytes);
    }
  }

  #number(bytes: Buffer, at: number, end: number): number {
    const number = wholeNumber(bytes, at + 1, end);
    if (number === undefined) return this.#damaged('an integer that is none', bytes);
    this.#complete(number);
    return end + 2;
  }

  #array(bytes: Buffer, at: number, end: number): number {
    const length = this.#length(bytes, at, end, leastElementBytes);
    if (length === undefined) return bytes.length;
    if (length > 0 && this.#open.length === replyDepth) return this.#damaged('arrays too deep inside each other', bytes);
    if (length > 0) this.#open.push({ items: [], left: length });
    else this.#complete(length === 0 ? [] : null);
    return end + 2;
  }

  #bulkString(bytes: Buffer, at: number, end: number): number {
    const length = this.#length(bytes, at, end, 1);
    if (length === undefined) return bytes.length;
    const start = end + 2;
    if (length === -1) {
      this.#complete(null);
      return start;
    }
    const after = start + length + 2;
    if (after > bytes.length) {
      this.#bulk = Buffer.allocUnsafe(length + 2);
      this.#filled = bytes.copy(this.#bulk, 0, start);
      return bytes.length;
    }
    this.#bytes += length + 2;
    if (bytes[after - 2] !== cr || bytes[after - 1] !== lf) return this.#damaged('a string without its end', bytes);
    this.#complete(bytes.subarray(start, after - 2));
    return after;
  }

  /** More of the bulk string that is not complete. @returns where the next begins */
  #fill(chunk: Buffer): number {
    const bulk = this.#bulk ?? nothing;
    const taken = chunk.copy(bulk, this.#filled);
    this.#filled += taken;
    if (this.#filled < bulk.length) return taken;
    this.#bulk = undefined;
    this.#bytes += bulk.length;
    if (bulk.at(-2) !== cr || bulk.at(-1) !== lf) return this.#damaged('a string without its end', chunk);
    this.#complete(bulk.subarray(0, -2));
    return taken;
  }

  /** @returns −1 for nil; undefined when it is none, or more than a reply may hold */
  #length(bytes: Buffer, at: number, end: number, eachBytes: number): number | undefined {
    const length = wholeNumber(bytes, at + 1, end);
    if (length !== undefined && length >= -1 && length * eachBytes <= replyBytes - this.#bytes) return length;
    this.#damaged(length === undefined || length < -1 ? 'a length that is none' : 'a reply that is too large', bytes);
    return undefined;
  }

  #complete(part: RespReply): void {
    let whole = part;
    for (let last = this.#open.length - 1; last >= 0; last--) {
      const array = this.#open[last] as OpenArray;
      array.items.push(whole);
      array.left--;
      if (array.left > 0) return;
      this.#open.pop();
      whole = array.items;
    }
    this.#bytes = 0;
    this.#reply(whole);
  }

  /** @returns the end of what is read. The text must hold nothing of the stream: it goes into the log */
  #damaged(what: string, { length }: Buffer): number {
    this.#damage = new Error(`Redis sent ${what}`);
    this.#line = nothing;
    this.#bulk = undefined;
    this.#open = [];
    this.#bytes = 0;
    return length;
  }
}

/** Longer ones are no numbers that anything here counts. */
const mostDigits = 19;

function wholeNumber(bytes: Buffer, from: number, to: number): number | undefined {
  const negative = bytes[from] === minus;
  const first = negative ? from + 1 : from;
  if (first === to || to - first > mostDigits) return undefined;
  let number = 0;
  for (let at = first; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return negative ? 0 - number : number;
}
