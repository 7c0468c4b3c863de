import type { Terminal } from '@xterm/xterm';
import { type Gap, GapCause } from '../protocol/gap.ts';
import { gapText, rewoundText } from './gap-text.ts';
import { type NoticeKind, noticeLine } from './notice-line.ts';
import { OutputFeed } from './output-feed.ts';
import { ReplayGuard } from './replay-guard.ts';
import { WholeCharacters } from './whole-characters.ts';

/** After a gap the process is told one row less and then the size as it is, so that full-screen programs draw anew (FC9). */
const nudgeMs = 120;

export interface TerminalOutputParts {
  readonly terminal: Terminal;
  /** The process has a terminal, which can be told a size. */
  readonly tty: boolean;
  /** Tells the process a size. */
  readonly resize: (cols: number, rows: number) => void;
}

/** The output of a session on an xterm: bytes, never text (WP1), and lines of its own where something is missing (LG7). */
export class TerminalOutput {
  readonly #parts: TerminalOutputParts;
  readonly #feed: OutputFeed;
  readonly #guard: ReplayGuard;
  readonly #characters = new WholeCharacters();
  readonly #abort = new AbortController();
  #replaying = false;
  #nudging = false;

  constructor(parts: TerminalOutputParts) {
    this.#parts = parts;
    this.#guard = new ReplayGuard(parts.terminal.parser);
    this.#feed = new OutputFeed({
      write: (bytes, replayed, done) => this.#write(bytes, replayed, done),
      dropped: (bytes) => this.notice(`${gapText({ sizeBytes: bytes, cause: GapCause.trimmed })} (in the background)`, 'gap'),
    });
    const hidden = () => this.#feed.setHidden(document.visibilityState === 'hidden');
    document.addEventListener('visibilitychange', hidden, { signal: this.#abort.signal });
    hidden();
  }

  /** Received and not yet on the screen. */
  get behindBytes(): number {
    return this.#feed.behindBytes;
  }

  /** What is written now the page before a reload has shown: it acted on it then. */
  get replaying(): boolean {
    return this.#replaying;
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', replayed: boolean, parsed: () => void): void {
    this.#feed.give(this.#characters.give(bytes, source), replayed, parsed);
  }

  gap(gap: Gap): void {
    this.#cut(gapText(gap));
  }

  rewound(bytes: number): void {
    this.#cut(rewoundText(bytes));
  }

  /** A line that is not the upstream's, at this place in the output. */
  notice(text: string, kind: NoticeKind): void {
    this.#feed.give(new TextEncoder().encode(noticeLine(text, kind)), false, () => {});
  }

  /** Behind this comes nothing that belongs to a character begun before. */
  finishCharacters(): void {
    const rest = this.#characters.rest();
    if (rest.length > 0) this.#feed.give(rest, false, () => {});
  }

  dispose(): void {
    this.#abort.abort();
    this.#guard.dispose();
  }

  #cut(text: string): void {
    this.finishCharacters();
    this.notice(text, 'gap');
    this.#nudge();
  }

  #write(bytes: Uint8Array, replayed: boolean, done: () => void): void {
    const { terminal } = this.#parts;
    if (replayed !== this.#replaying) {
      this.#replaying = replayed;
      terminal.write('', () => {
        this.#guard.replaying = replayed;
      });
    }
    terminal.write(bytes, done);
  }

  #nudge(): void {
    const { terminal, tty, resize } = this.#parts;
    if (this.#nudging || !tty || terminal.rows < 2) return;
    this.#nudging = true;
    resize(terminal.cols, terminal.rows - 1);
    setTimeout(() => {
      this.#nudging = false;
      resize(terminal.cols, terminal.rows);
    }, nudgeMs);
  }
}
