import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import { isCells } from '../../protocol/terminal-cells.ts';
import { gapText } from '../gap-text.ts';
import { type NoticeKind, noticeLine } from './notice-line.ts';
import { OutputFeed } from './output-feed.ts';
import { OutsideActions } from './outside-actions.ts';
import { ReplayGuard } from './replay-guard.ts';
import { followTheme } from './theme.ts';

/** Lines above the screen. At 200 columns some 25 MB at the very most. */
const scrollbackLines = 10_000;

export interface TerminalViewParts {
  readonly parent: HTMLElement;
  /** Without one the process ends its lines with a line feed alone. */
  readonly tty: boolean;
  /** xterm's DOM renderer instead of WebGL. */
  readonly plainRenderer: boolean;
  readonly screenReader: boolean;
  /** Keys, pastes, mouse reports and the terminal's answers, as bytes. */
  readonly typed: (bytes: Uint8Array) => void;
  /** The program wants this title for the page. */
  readonly titled: (title: string) => void;
  readonly resized: (cols: number, rows: number) => void;
}

/** The terminal on the page: bytes in, bytes out, never text (WP1). */
export class TerminalView {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly feed: OutputFeed;
  readonly outside: OutsideActions;
  readonly #fit = new FitAddon();
  readonly #guard: ReplayGuard;
  #replaying = false;

  constructor(parts: TerminalViewParts) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      convertEol: !parts.tty,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      fontFamily: getComputedStyle(parts.parent).getPropertyValue('--mono'),
      fontSize: 14,
      lineHeight: 1.15,
      minimumContrastRatio: 4.5,
      screenReaderMode: parts.screenReader,
      scrollback: scrollbackLines,
      macOptionIsMeta: true,
    });
    const { terminal } = this;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.search);
    terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    this.outside = new OutsideActions(terminal, {
      confirm: (question) => confirm(question),
      open: openLink,
      copy: (text) => void navigator.clipboard?.writeText(text).catch(() => {}),
      title: parts.titled,
      replaying: () => this.#replaying,
    });
    followTheme((theme) => {
      terminal.options.theme = theme;
    });
    terminal.open(parts.parent);
    if (!parts.plainRenderer) this.#useWebgl();
    this.#guard = new ReplayGuard(terminal.parser);
    this.feed = new OutputFeed({
      write: (bytes, replayed, done) => this.#write(bytes, replayed, done),
      dropped: (bytes) => this.notice(`${gapText({ sizeBytes: bytes, cause: 1 })} (in the background)`, 'gap'),
    });
    const hidden = () => this.feed.setHidden(document.visibilityState === 'hidden');
    document.addEventListener('visibilitychange', hidden);
    hidden();

    const encoder = new TextEncoder();
    terminal.onData((text) => parts.typed(encoder.encode(text)));
    // Old mouse reports are bytes, one a character: encoding them as UTF-8 would change those above 127.
    terminal.onBinary((text) => parts.typed(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.#followSize(parts.parent);
    terminal.onResize(({ cols, rows }) => parts.resized(cols, rows));
  }

  get size(): { readonly cols: number; readonly rows: number } {
    const { cols, rows } = this.terminal;
    return { cols, rows };
  }

  /** A line of the page's own, at this place in the output. */
  notice(text: string, kind: NoticeKind): void {
    this.feed.give(new TextEncoder().encode(noticeLine(text, kind)), false, () => {});
  }

  focus(): void {
    this.terminal.focus();
  }

  /** What is on the screen and above it, wrapped lines joined. */
  text(): string {
    const { active } = this.terminal.buffer;
    let text = '';
    for (let row = 0; row < active.length; row++) {
      const line = active.getLine(row);
      if (!line) continue;
      const wraps = active.getLine(row + 1)?.isWrapped ?? false;
      text += line.translateToString(!wraps) + (wraps ? '' : '\n');
    }
    return text.trimEnd();
  }

  #write(bytes: Uint8Array, replayed: boolean, done: () => void): void {
    if (replayed !== this.#replaying) {
      this.#replaying = replayed;
      this.terminal.write('', () => {
        this.#guard.replaying = replayed;
      });
    }
    this.terminal.write(bytes, done);
  }

  #useWebgl(): void {
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => webgl.dispose());
      this.terminal.loadAddon(webgl);
    } catch {
      // No WebGL here: xterm goes on with its DOM renderer.
    }
  }

  /** One fit a frame however often the box changes; a box of no size (a hidden page) changes nothing. */
  #followSize(parent: HTMLElement): void {
    let due = false;
    const fitNow = () => {
      due = false;
      const size = this.#fit.proposeDimensions();
      if (!size || !isCells(size.cols) || !isCells(size.rows)) return;
      if (size.cols !== this.terminal.cols || size.rows !== this.terminal.rows) this.terminal.resize(size.cols, size.rows);
    };
    new ResizeObserver(() => {
      if (!due) requestAnimationFrame(fitNow);
      due = true;
    }).observe(parent);
    fitNow();
  }
}

function openLink(uri: string): void {
  window.open(uri, '_blank', 'noopener,noreferrer');
}
