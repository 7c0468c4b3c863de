import type { BrowserSocket, SocketEvents } from '../../src/edge/listener.ts';
import { type ClientFrame, encodeClientFrame } from '../../src/protocol/client-frame.ts';
import { decodeEntry, type Entry, entryContent } from '../../src/protocol/entry.ts';
import { FrameType, isLogEntry } from '../../src/protocol/frame-type.ts';
import { decodeServerFrame, type ServerFrame } from '../../src/protocol/server-frame.ts';

/** A browser socket as an edge sees it; a test holds the other end. */
export class FakeSocket implements BrowserSocket {
  readonly remoteAddress = '192.0.2.1';
  readonly sent: Uint8Array[] = [];
  /** Bytes that a slow network has not taken yet, as far as the edge is told. */
  buffered = 0;
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  readonly #events: SocketEvents;
  #open = true;
  #cut = false;
  readonly #received: ((frame: Uint8Array) => void) | undefined;
  readonly #gone: ((code: number, reason: string) => void) | undefined;

  /** @param accept hands the socket to a door */
  constructor(
    accept: (socket: BrowserSocket) => SocketEvents,
    received?: (frame: Uint8Array) => void,
    gone?: (code: number, reason: string) => void,
  ) {
    this.#received = received;
    this.#gone = gone;
    this.#events = accept(this);
  }

  // --- the edge's side ---

  send(frame: Uint8Array): void {
    if (!this.#open) throw new Error('sent after the socket was closed');
    this.sent.push(frame);
    if (!this.#cut) queueMicrotask(() => this.#received?.(frame));
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.closedWith = { code, reason };
    queueMicrotask(() => {
      this.#gone?.(code, reason);
      this.#events.closed(code);
    });
  }

  // --- the browser's side ---

  get open(): boolean {
    return this.#open;
  }

  /** The browser sends; bytes as they are, or a frame to be encoded. */
  from(frame: ClientFrame | Uint8Array): void {
    if (this.#open && !this.#cut) this.#events.message(frame instanceof Uint8Array ? frame : encodeClientFrame(frame));
  }

  /** The network took what was buffered. */
  drain(): void {
    this.buffered = 0;
    this.#events.drained();
  }

  /** The browser closes, or its network is gone and the edge has noticed. */
  lost(code = 1006): void {
    if (!this.#open || this.#cut) return;
    this.#open = false;
    this.#events.closed(code);
    this.#gone?.(code, '');
  }

  /** The network is cut and only the browser has noticed: the edge goes on sending into nothing. */
  cut(): void {
    this.#cut = true;
    this.#gone?.(1006, '');
  }

  /** Frames made by the edge itself. */
  get frames(): readonly ServerFrame[] {
    return this.sent.flatMap((frame) => {
      const decoded = isLogEntry(frame[0] ?? 0) ? undefined : decodeServerFrame(frame);
      return decoded?.ok ? [decoded.frame] : [];
    });
  }

  /** The last frame of a kind. */
  last<Kind extends ServerFrame['kind']>(kind: Kind): Extract<ServerFrame, { kind: Kind }> | undefined {
    return this.frames.findLast((frame): frame is Extract<ServerFrame, { kind: Kind }> => frame.kind === kind);
  }

  get entries(): readonly Entry[] {
    return this.sent.flatMap((frame) => decodeEntry(frame) ?? []);
  }

  get output(): string {
    const data = this.entries.filter((entry) => entry.type === FrameType.outputData);
    return Buffer.concat(data.map(entryContent)).toString();
  }
}
