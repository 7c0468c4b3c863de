interface Row {
  times: number;
  longestMs: number;
  /** From the last output to an end that was told. */
  endMs: number;
}

/** Counts what happened, by kind of fault. A stall belongs to the last fault that began before it, or just after output came last. */
export class Tally {
  readonly #rows = new Map<string, Row>();
  readonly #begun: Array<{ readonly kind: string; readonly atMs: number }> = [];
  readonly ends = new Map<string, number>();
  /** Between two faults that need not be one's doing: output on its way when the fault began. */
  readonly #onItsWayMs = 900;

  begins(kind: string): void {
    const row = this.#rows.get(kind) ?? { times: 0, longestMs: 0, endMs: 0 };
    row.times++;
    this.#rows.set(kind, row);
    this.#begun.push({ kind, atMs: performance.now() });
  }

  stalled(forMs: number): void {
    const row = this.#rowOf(forMs);
    if (row) row.longestMs = Math.max(row.longestMs, forMs);
  }

  /** @param forMs since its last output */
  ended(reason: string, forMs: number): void {
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
    const row = this.#rowOf(forMs);
    if (row) row.endMs = Math.max(row.endMs, forMs);
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
    const line = (kind: string, times: string, stall: string, end: string) =>
      `${kind.padEnd(30)} ${times.padStart(5)} ${stall.padStart(14)} ${end.padStart(18)}`;
    const lines = rows.map(([kind, { times, longestMs, endMs }]) =>
      line(kind, String(times), seconds(longestMs), endMs > 0 ? seconds(endMs) : ''),
    );
    return [line('fault', 'times', 'longest stall', 'until end was told'), ...lines].join('\n');
  }

  #rowOf(forMs: number): Row | undefined {
    const from = performance.now() - forMs;
    const begun = this.#begun.findLast(({ atMs }) => atMs <= from + this.#onItsWayMs) ?? this.#begun[0];
    return begun && this.#rows.get(begun.kind);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
