/** Owns what lives as long as an object: closes it in reverse order, once (house rule 6). */
export class Scope implements AsyncDisposable {
  #closers: Array<() => void | Promise<void>> = [];
  #closed: Promise<void> | undefined;

  /** After the scope was closed, `close` is run at once. */
  own(close: () => void | Promise<void>): void {
    if (this.#closed) void close();
    else this.#closers.push(close);
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Idempotent; waits for what is being closed. The first failure is thrown after everything was closed. */
  close(): Promise<void> {
    this.#closed ??= this.#run();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (failure) {
        failures.push(failure);
      }
    }
    this.#closers = [];
    if (failures.length > 0) throw failures[0];
  }
}
