import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import { terminalInput } from '../../addon/terminal-input.ts';
import { isCells } from '../../protocol/terminal-cells.ts';
import { OutsideActions } from './outside-actions.ts';
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
  /** Output of before this page is shown again. */
  readonly replaying: () => boolean;
  readonly resized: (cols: number, rows: number) => void;
}

/** The terminal on the page: bytes in, bytes out, never text (WP1). */
export class TerminalView {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly outside: OutsideActions;
  readonly #fit = new FitAddon();

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
      replaying: parts.replaying,
    });
    followTheme((theme) => {
      terminal.options.theme = theme;
    });
    terminal.open(parts.parent);
    if (!parts.plainRenderer) this.#useWebgl();
    terminalInput(terminal, parts.typed);
    this.#followSize(parts.parent);
    terminal.onResize(({ cols, rows }) => parts.resized(cols, rows));
  }

  get size(): { readonly cols: number; readonly rows: number } {
    const { cols, rows } = this.terminal;
    return { cols, rows };
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
