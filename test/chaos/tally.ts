interface Row {
  times: number;
  longestMs: number;
}

/** Counts what happened, by kind of fault. A stall belongs to the last fault that began before it, or just after output came last. */
export class Tally {
  readonly #rows = new Map<string, Row>();
  readonly #begun: Array<{ readonly kind: string; readonly atMs: number }> = [];
  readonly ends = new Map<string, number>();
  /** Between two faults that need not be one's doing: output on its way when the fault began. */
  readonly #onItsWayMs = 900;

  begins(kind: string): void {
    const row = this.#rows.get(kind) ?? { times: 0, longestMs: 0 };
    row.times++;
    this.#rows.set(kind, row);
    this.#begun.push({ kind, atMs: performance.now() });
  }

  stalled(forMs: number): void {
    if (this.#begun.length === 0) return;
    const from = performance.now() - forMs;
    let last = this.#begun.length - 1;
    while (last > 0 && (this.#begun[last]?.atMs ?? 0) > from + this.#onItsWayMs) last--;
    const row = this.#rows.get(this.#begun[last]?.kind ?? '');
    if (row) row.longestMs = Math.max(row.longestMs, forMs);
  }

  ended(reason: string): void {
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
  }

  get faults(): number {
    return this.#begun.length;
  }

  /** A fault of one of these kinds began within the time. */
  recent(kinds: RegExp, withinMs: number): boolean {
    const from = performance.now() - withinMs;
    return this.#begun.some(({ kind, atMs }) => atMs >= from && kinds.test(kind));
  }

  table(): string {
    const rows = [...this.#rows].sort(([a], [b]) => a.localeCompare(b));
    const lines = rows.map(([kind, { times, longestMs }]) => `${kind.padEnd(32)} ${String(times).padStart(5)} ${seconds(longestMs)}`);
    return [`${'fault'.padEnd(32)} ${'times'.padStart(5)} ${'longest stall'.padStart(14)}`, ...lines].join('\n');
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(14);
}
