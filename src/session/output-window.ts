import { creditWindowBytes, pageEntries } from '../protocol/limits.ts';

/**
 * A link that is slower than the window is wide gets 0.75 s of what it takes: half a second as the terminal does, the rest for the
 * way there and back. More would only wait in buffers between, in front of whatever comes next: an echo, a prompt (FC9).
 */
const linkWindow = { ms: 750, minBytes: 64 * 1024 } as const;

/** The window has to be the limit for so long, before it says something about the link. */
const measureMs = 500;

/** What one browser socket may be sent before it acknowledges (FC1): offsets, so that gaps and rewinds move both ends. */
export class OutputWindow {
  #sent: number;
  #acked: number;
  #ackedFence: number;
  #windowBytes: number;
  readonly #now: () => number;
  /** What the link takes; the page does not know it. */
  #linkBytes: number = creditWindowBytes.max;
  /** Since when the window is the limit, and what was acknowledged then. */
  #full: { readonly atMs: number; readonly acked: number } | undefined;
  /** A running mean of entry sizes, to ask for as many entries as are worth reading. */
  #meanEntryBytes = 1024;

  constructor(parsed: { readonly fence: number; readonly offset: number }, sent: number, windowBytes: number, now: () => number) {
    this.#now = now;
    this.#sent = sent;
    this.#acked = Math.min(parsed.offset, sent);
    this.#ackedFence = parsed.fence;
    this.#windowBytes = clamp(windowBytes);
  }

  get windowBytes(): number {
    return Math.min(this.#windowBytes, this.#linkBytes);
  }

  /** The credit this client has earned (FC2). */
  get acked(): { readonly fence: number; readonly offset: number } {
    return { fence: this.#ackedFence, offset: this.#acked };
  }

  sent(endOffset: number): void {
    this.#meanEntryBytes += (endOffset - this.#sent - this.#meanEntryBytes) / 8;
    this.#sent = endOffset;
  }

  /** A gap or a rewind: what was not sent counts as sent and the client will acknowledge it. */
  moved(to: number): void {
    this.#sent = to;
    this.#acked = Math.min(this.#acked, to);
    this.#full = undefined;
  }

  ack(fence: number, offset: number, windowBytes: number): void {
    this.#windowBytes = clamp(windowBytes);
    this.#acked = Math.max(this.#acked, Math.min(offset, this.#sent));
    // What the client said last: a rewind may have led it to a lower one, whose writer has put its lost take back (LG8).
    this.#ackedFence = fence;
    this.#measureLink();
  }

  /** Entries worth reading now; 0: none (out of credit). A reader that was out waits for a quarter of the window, not for a byte. */
  roomEntries(parked: boolean): number {
    const { windowBytes } = this;
    const room = windowBytes - (this.#sent - this.#acked);
    if (room <= 0) this.#full ??= { atMs: this.#now(), acked: this.#acked };
    if (room <= 0 || (parked && room < windowBytes / 4)) return 0;
    return Math.min(pageEntries, Math.max(1, Math.ceil(room / Math.max(1, this.#meanEntryBytes))));
  }

  #measureLink(): void {
    const full = this.#full;
    if (!full) return;
    // The pipe ran dry: what follows is not limited by it.
    if (this.#sent - this.#acked < this.windowBytes / 4) {
      this.#full = undefined;
      return;
    }
    const ms = this.#now() - full.atMs;
    if (ms < measureMs) return;
    const worth = ((this.#acked - full.acked) / ms) * linkWindow.ms;
    this.#linkBytes = Math.round(Math.min(creditWindowBytes.max, Math.max(linkWindow.minBytes, worth)));
    this.#full = { atMs: this.#now(), acked: this.#acked };
  }
}

function clamp(bytes: number): number {
  return Math.min(creditWindowBytes.max, Math.max(creditWindowBytes.min, bytes));
}
