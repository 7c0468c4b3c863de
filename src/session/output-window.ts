import { creditWindowBytes, pageEntries } from '../protocol/limits.ts';

/** What one browser socket may be sent before it acknowledges (FC1): offsets, so that gaps and rewinds move both ends. */
export class OutputWindow {
  #sent: number;
  #acked: number;
  #ackedFence: number;
  #windowBytes: number;
  /** A running mean of entry sizes, to ask for as many entries as are worth reading. */
  #meanEntryBytes = 1024;

  constructor(parsed: { readonly fence: number; readonly offset: number }, sent: number, windowBytes: number) {
    this.#sent = sent;
    this.#acked = Math.min(parsed.offset, sent);
    this.#ackedFence = parsed.fence;
    this.#windowBytes = clamp(windowBytes);
  }

  get windowBytes(): number {
    return this.#windowBytes;
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
  }

  ack(fence: number, offset: number, windowBytes: number): void {
    this.#windowBytes = clamp(windowBytes);
    this.#acked = Math.max(this.#acked, Math.min(offset, this.#sent));
    this.#ackedFence = Math.max(this.#ackedFence, fence);
  }

  /** Entries worth reading now; 0: none (out of credit). A reader that was out waits for a quarter of the window, not for a byte. */
  roomEntries(parked: boolean): number {
    const room = this.#windowBytes - (this.#sent - this.#acked);
    if (room <= 0 || (parked && room < this.#windowBytes / 4)) return 0;
    return Math.min(pageEntries, Math.max(1, Math.ceil(room / Math.max(1, this.#meanEntryBytes))));
  }
}

function clamp(bytes: number): number {
  return Math.min(creditWindowBytes.max, Math.max(creditWindowBytes.min, bytes));
}
