import { CodedError } from '../../base/coded-error.ts';

/** What is kept of one request's body, in bytes. What comes beyond it is dropped and the body answers `body-too-large`. */
const maxRequestBodyBytes = 64 * 1024;

/** Collects a body as it arrives, because a library hands it out before the door has decided whether it wants one. */
export class RequestBody {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: 'arriving' | 'complete' | 'aborted';
  #changed: () => void = () => {};

  constructor(announced: boolean) {
    this.#state = announced ? 'arriving' : 'complete';
  }

  /** @param chunk is kept: the caller has copied what its library reuses */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxRequestBodyBytes) this.#chunks = [];
    else if (chunk.length > 0) this.#chunks.push(chunk);
    this.#changed();
  }

  finish(): void {
    if (this.#state === 'arriving') this.#state = 'complete';
    this.#changed();
  }

  abort(): void {
    if (this.#state === 'arriving') this.#state = 'aborted';
    this.#changed();
  }

  get complete(): boolean {
    return this.#state === 'complete';
  }

  /** Asked for once. @throws CodedError `body-too-large`, `aborted` */
  async read(limitBytes: number): Promise<Uint8Array> {
    const limit = Math.min(limitBytes, maxRequestBodyBytes);
    while (this.#bytes <= limit && this.#state === 'arriving') {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    if (this.#bytes > limit) throw new CodedError('body-too-large', `the body is longer than ${limit} bytes`);
    if (this.#state === 'aborted') throw new CodedError('aborted', 'the client left before its request was complete');
    return Buffer.concat(this.#chunks);
  }
}
