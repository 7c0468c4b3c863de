import type { Clock, Timer } from '../../base/clock.ts';

/** What keep-alive needs of a connection. */
export interface LivingLine {
  /** Bytes received so far. */
  readonly received: number;
  /** Bytes that the network does not take at the moment. */
  readonly backlogBytes: number;
  /** @param token comes back with its pong */
  ping(token: number): void;
  /** A message that servers read and ignore. */
  sendEmpty(): void;
  /** A message that counts as traffic upstream: the size again on a TTY, an empty one otherwise. */
  sendData(): void;
  /** Nothing has been heard for {@link deadAfterMs}, or for {@link blockedAfterMs} with input in front of the ping. */
  dead(): void;
}

/** How often it looks. */
const lookEveryMs = 5_000;
/** Two of them fit into {@link deadAfterMs}. */
const pingEveryMs = 10_000;
/** Under the 60 s after which common proxies cut an idle connection. */
const emptyEveryMs = 45_000;
/** More than this between two looks is a flow, and less a trickle that no buffer on the way holds back. */
const trickleBytes = 64 * 1024;
/** Two pings without an answer, and time for TCP to mend what a short break of the network lost: an exec that is given up is gone. */
const deadAfterMs = 20_000;
/** As client-go has it. */
const blockedAfterMs = 60_000;
/**
 * Input between the last answered ping and the one that decides. A server hands input to the process before it reads on, and reads no
 * ping meanwhile (facts 4.2): with more than a quarter of what a pipe holds, its silence may be that of the process.
 */
const blockingInputBytes = 16 * 1024;
/** A look that comes so late says that this process slept, and nothing about the other side. */
const lateMs = 1_000;
/** Servers end a session after 4 h without data; pings do not count (facts 4.7). */
const dataEveryMs = 30 * 60_000;

/**
 * Keeps one connection alive and finds out when it is dead (UP2). It says nothing while output flows or waits for this side to read on. A
 * server whose process has ended closes its socket behind megabytes that are still on the way; whatever reaches it then is answered with
 * a reset (RFC 1122 4.2.2.13), and they are lost, with the exit code behind them. And a server that is blocked writing to us would block
 * its reader on the pong, and with it the input behind. Only where nothing has moved for long an empty message keeps proxies awake.
 */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #line: LivingLine;
  #timer: Timer | undefined;
  #paused = false;
  /** Reading was paused at some time since the last look. */
  #held = false;
  #lookedAtMs: number;
  #received = 0;
  #backlogBytes = 0;
  #heardAtMs: number;
  #movedAtMs: number;
  #pingedAtMs = Number.NEGATIVE_INFINITY;
  #dataAtMs: number;
  #inputBytes = 0;
  #pings = 0;
  /** Input sent before the last ping, and before the first one that nothing was heard since. */
  #beforePing = 0;
  #beforeSilence: number | undefined;
  /** Input sent before a ping that was answered: the server has handed it on. */
  #confirmedBytes = 0;

  constructor(clock: Clock, line: LivingLine) {
    this.#clock = clock;
    this.#line = line;
    this.#lookedAtMs = clock.now();
    this.#heardAtMs = this.#lookedAtMs;
    this.#movedAtMs = this.#lookedAtMs;
    this.#dataAtMs = this.#lookedAtMs;
  }

  /** Input that was sent, and that no answered ping says the server has handed on: the process may never have had it (RS6). */
  get unconfirmedBytes(): number {
    return this.#inputBytes - this.#confirmedBytes;
  }

  start(): void {
    this.#lookedAtMs = this.#clock.now();
    this.#timer = this.#clock.after(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  pause(): void {
    this.#paused = true;
    this.#held = true;
  }

  resume(): void {
    this.#paused = false;
    this.#heard();
  }

  sent(inputBytes: number): void {
    this.#inputBytes += inputBytes;
  }

  pong(token: number): void {
    if (token === this.#pings) this.#confirmedBytes = this.#beforePing;
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.now();
    this.#beforeSilence = undefined;
  }

  #look(): void {
    const now = this.#clock.now();
    const { received, backlogBytes } = this.#line;
    const late = now - this.#lookedAtMs > lookEveryMs + lateMs;
    const news = received - this.#received;
    const flows = news > trickleBytes || this.#held;
    if (news > 0) this.#movedAtMs = now;
    if (news > 0 || backlogBytes < this.#backlogBytes || this.#paused || late) this.#heard();
    this.#received = received;
    this.#backlogBytes = backlogBytes;
    this.#held = this.#paused;
    const blocked = (this.#beforeSilence ?? 0) - this.#confirmedBytes > blockingInputBytes;
    if (now - this.#heardAtMs >= (blocked ? blockedAfterMs : deadAfterMs)) {
      this.stop();
      this.#line.dead();
      return;
    }
    this.start();
    if (this.#paused) this.#keepAwake(now);
    else if (!flows) this.#speak(now);
  }

  #keepAwake(now: number): void {
    if (now - this.#movedAtMs < emptyEveryMs) return;
    this.#movedAtMs = now;
    this.#line.sendEmpty();
  }

  #speak(now: number): void {
    if (now - this.#dataAtMs >= dataEveryMs) {
      this.#dataAtMs = now;
      this.#line.sendData();
    }
    if (now - this.#pingedAtMs >= pingEveryMs) this.#ping(now);
  }

  #ping(now: number): void {
    this.#pingedAtMs = now;
    this.#pings += 1;
    this.#beforePing = this.#inputBytes;
    this.#beforeSilence ??= this.#inputBytes;
    this.#line.ping(this.#pings);
  }
}
