/** Time as a collaborator: production hands in the platform's, the simulation a virtual one (house rule 5). */
export interface Clock {
  /** Monotonic, in milliseconds. Differences count, never the value; never compared with another process's. */
  now(): number;
  /** Wall clock, milliseconds since 1970. */
  wallMs(): number;
  /** Calls `run` once, not before `delayMs` have passed. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` once at the end of this turn of the event loop (FC6). */
  endOfTurn(run: () => void): void;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** Random numbers as a collaborator. */
export interface Random {
  /** 0 ≤ value < 1. */
  fraction(): number;
  /** `count` random bytes of cryptographic quality in production. */
  bytes(count: number): Uint8Array;
}

export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
