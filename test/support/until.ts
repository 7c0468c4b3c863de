/** How often a condition is looked at. */
const lookEveryMs = 5;

export interface Patience {
  readonly withinMs?: number;
  /** For the failure's message: what was waited for, or a look at what is there instead. */
  readonly what?: string | (() => string);
}

/** Waits for a condition instead of a time. @returns its first truthy value @throws when it has not come true in time */
export async function until<T>(condition: () => T | Promise<T>, patience: Patience = {}): Promise<NonNullable<T>> {
  const { withinMs = 15_000, what = String(condition) } = patience;
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
