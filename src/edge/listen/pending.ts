/** Answers under way, so that a listener can let them finish when it closes. */
export class Pending {
  readonly #tasks = new Set<Promise<void>>();

  /** @param task never rejects */
  add(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  /** Resolves when all have ended, or after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    if (this.#tasks.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([Promise.all(this.#tasks), limit]);
    clearTimeout(timer);
  }
}
