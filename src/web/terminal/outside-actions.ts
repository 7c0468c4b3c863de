import type { Terminal } from '@xterm/xterm';
import type { OutsideAction } from '../api.ts';

/** A text for the clipboard that is longer is none that a person meant. */
const maxClipboardBytes = 256 * 1024;

const maxTitleLength = 100;

export interface OutsideActionsParts {
  /** Asks before a link is followed whose address the text does not show. */
  readonly confirm: (question: string) => boolean;
  readonly open: (address: string) => void;
  readonly copy: (text: string) => void;
  readonly title: (title: string) => void;
  /** Output of before this page is shown again: it acted then. */
  readonly replaying: () => boolean;
}

/**
 * What a program in a container may do outside of its terminal, by escape sequences (ED8): nothing but what the operator allows. Reading the
 * clipboard is never possible.
 */
export class OutsideActions {
  readonly #parts: OutsideActionsParts;
  #allowed: ReadonlySet<OutsideAction> = new Set();

  constructor(terminal: Terminal, parts: OutsideActionsParts) {
    this.#parts = parts;
    terminal.parser.registerOscHandler(52, (data) => {
      this.#clipboard(data);
      return true;
    });
    // Without a link no handler is asked for it: the text stays text.
    terminal.parser.registerOscHandler(8, () => !this.#allowed.has('links'));
    terminal.onTitleChange((title) => this.#title(title));
    terminal.options.linkHandler = { activate: (_event, address) => this.#link(address), allowNonHttpProtocols: false };
  }

  allow(actions: readonly OutsideAction[]): void {
    this.#allowed = new Set(actions);
  }

  /** `c;BASE64`; a question mark asks for what is in the clipboard, and gets no answer. */
  #clipboard(data: string): void {
    if (!this.#allowed.has('clipboard') || this.#parts.replaying()) return;
    const encoded = data.slice(data.indexOf(';') + 1);
    if (encoded === '?' || encoded.length > (maxClipboardBytes * 4) / 3) return;
    const text = decoded(encoded);
    if (text !== undefined && text !== '') this.#parts.copy(text);
  }

  #title(title: string): void {
    if (this.#allowed.has('title')) this.#parts.title(title.replace(/\p{C}/gu, '').slice(0, maxTitleLength).trim());
  }

  #link(address: string): void {
    if (!this.#allowed.has('links') || !/^https?:\/\//i.test(address)) return;
    if (this.#parts.confirm(`The program in the container links to\n\n${address}\n\nOpen it?`)) this.#parts.open(address);
  }
}

function decoded(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
