/**
 * The lines of the pod `logger` of test/kubernetes-server: line n of a run is always the same (its README). Looks at a log as it comes, cut
 * anywhere, and says what is wrong with it.
 */
export class NumberedLines {
  #rest = '';
  #next: { run: number; line: number } | undefined;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  lines = 0;
  /** Numbers of runs begun, the first not counted. */
  restarts = 0;
  wrong: string | undefined;

  add(bytes: Uint8Array): void {
    if (this.wrong) return;
    try {
      this.#rest += this.#decoder.decode(bytes, { stream: true });
    } catch {
      this.wrong = `no UTF-8 after line ${this.#next?.line}`;
      return;
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  /** What was declared missing: the next line may be a later one. */
  mayMiss(): void {
    if (this.#next) this.#mayMiss = true;
  }

  #mayMiss = false;

  get unfinished(): string {
    return this.#rest;
  }

  #line(text: string): void {
    const found = /^line (\d+) run (\d+) /.exec(text);
    const [line, run] = [Number(found?.[1]), Number(found?.[2])];
    const due = this.#next ?? { run, line };
    const nextRun = run === due.run + 1 && line === 0;
    const later = this.#mayMiss && run === due.run && line > due.line;
    if (!found) this.wrong ??= `no numbered line: ${JSON.stringify(text.slice(0, 80))}`;
    else if (text !== lineText(run, line)) this.wrong ??= `not the text of line ${line}: ${JSON.stringify(text.slice(0, 80))}`;
    else if (!nextRun && !later && (run !== due.run || line !== due.line))
      this.wrong ??= `line ${line} of run ${run} in place of line ${due.line} of run ${due.run}`;
    if (nextRun) this.restarts++;
    this.#mayMiss = false;
    this.#next = { run, line: line + 1 };
    this.lines++;
  }
}

function lineText(run: number, line: number): string {
  const start = `line ${line} run ${run} `;
  if (line % 25 === 24) return `${start}long ${'世'.repeat(700 + (line % 500))} end`;
  if (line % 7 === 6) return `${start}\u001b[32mgreen\u001b[0m and plain`;
  return line % 5 === 4 ? `${start}é ü € 世界 😀 🌊` : `${start}the quick brown fox jumps over the lazy dog`;
}
