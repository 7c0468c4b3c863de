import type { Clock, Timer } from '../../base/clock.ts';
import type { RespReply } from './resp-decoder.ts';

/** Who waits for a reply. */
export interface Waiting {
  answered(reply: RespReply): void;
  /** The connection broke first: nothing is known. */
  lost(cause: Error): void;
}

interface Sent {
  /** Becomes nobody once the answer proper has come. */
  waiting: Waiting;
  readonly bytes: number;
  readonly sentAtMs: number;
  /** Replies that follow the one waited for and belong to nobody. */
  more: number;
}

/** Bytes of commands without reply. At this mark the node is as good as dead and its link breaks. */
const unansweredBytes = 64 * 1024 * 1024;

/** Matches the replies of one connection to its commands, in order, and notices when none comes. */
export class CommandQueue {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #stuck: (cause: Error) => void;
  #sent: Sent[] = [];
  #next = 0;
  #bytes = 0;
  #timer: Timer | undefined;

  /** @param stuck called when a command waits longer than `timeoutMs`, or too many bytes wait */
  constructor(clock: Clock, timeoutMs: number, stuck: (cause: Error) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#stuck = stuck;
  }

  get empty(): boolean {
    return this.#next === this.#sent.length;
  }

  sent(waiting: Waiting, bytes: number, more = 0): void {
    this.#sent.push({ waiting, bytes, sentAtMs: this.#clock.now(), more });
    this.#bytes += bytes;
    this.#timer ??= this.#clock.after(this.#timeoutMs, () => this.#check());
    if (this.#bytes > unansweredBytes) this.#stuck(new Error('too many commands without reply'));
  }

  reply(reply: RespReply): void {
    const sent = this.#sent[this.#next];
    if (!sent) return this.#stuck(new Error('a reply that nobody asked for'));
    const { waiting } = sent;
    if (sent.more > 0) {
      sent.more--;
      sent.waiting = ignored;
    } else {
      this.#bytes -= sent.bytes;
      this.#next++;
      this.#compact();
    }
    waiting.answered(reply);
  }

  /** The connection is gone. */
  lost(cause: Error): void {
    this.#timer?.cancel();
    const sent = this.#sent.slice(this.#next);
    this.#sent = [];
    this.#next = 0;
    for (const { waiting } of sent) waiting.lost(cause);
  }

  #compact(): void {
    if (this.#next === this.#sent.length) this.#sent.length = 0;
    else if (this.#next >= 1024) this.#sent.splice(0, this.#next);
    else return;
    this.#next = 0;
  }

  #check(): void {
    this.#timer = undefined;
    const oldest = this.#sent[this.#next];
    if (!oldest) return;
    const leftMs = oldest.sentAtMs + this.#timeoutMs - this.#clock.now();
    if (leftMs > 0) {
      this.#timer = this.#clock.after(leftMs, () => this.#check());
      return;
    }
    // If this process itself stood still, the replies are in the socket's buffer: let one turn of the loop read them first.
    this.#clock.endOfTurn(() => {
      if (this.#sent[this.#next] === oldest) this.#stuck(new Error('no reply in time'));
      else if (!this.empty) this.#timer ??= this.#clock.after(this.#timeoutMs, () => this.#check());
    });
  }
}

/** For replies that nobody needs. */
export const ignored: Waiting = { answered() {}, lost() {} };
