/** A line longer than this is shown in pieces: one line without an end must not grow without bound. In UTF-16 units. */
export const longestLine = 64 * 1024;

/**
 * Bytes to lines, however the bytes are cut: one streaming decoder, so that a character split between two frames arrives whole, and
 * what has no line end yet waits. `\r\n` ends a line as `\n` does. Bytes that are no UTF-8 become U+FFFD, as a person would expect.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rest = '';

  /** @returns the lines that are whole now, without their ends */
  push(bytes: Uint8Array): string[] {
    return this.#split(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The output ended or was cut here. @returns what waited, if anything did */
  flush(): string[] {
    const lines = this.#split(this.#decoder.decode());
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? lines : [...lines, rest];
  }

  #split(text: string): string[] {
    if (text === '') return [];
    const ended = (this.#rest + text).split('\n');
    const rest = ended.pop() ?? '';
    const lines: string[] = [];
    for (const line of ended) lines.push(cut(line.endsWith('\r') ? line.slice(0, -1) : line, lines));
    // A carriage return may be half of a line end: it does not make the line longer.
    this.#rest = rest.endsWith('\r') ? `${cut(rest.slice(0, -1), lines)}\r` : cut(rest, lines);
    return lines;
  }
}

/** Moves whole pieces of a line that is too long to `lines`. @returns what is left of it */
function cut(line: string, lines: string[]): string {
  let at = 0;
  for (; line.length - at > longestLine; at += longestLine) lines.push(line.slice(at, at + longestLine));
  return at === 0 ? line : line.slice(at);
}
