/** Fingerprint of a run: the same seed gives the same one, on any machine. */
export class Trace {
  #hash = 0x811c9dc5;
  readonly #print: ((line: string) => void) | undefined;

  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  note(nowMs: number, text: string): void {
    this.number(Math.floor(nowMs * 1000));
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.#print?.(`${nowMs.toFixed(1).padStart(9)}  ${text}`);
  }

  number(value: number): void {
    this.#mix(value | 0);
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
