import './text-coding.ts';
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { clearInterval, setInterval, setTimeout } from 'k6/timers';
import type { ClientState } from '../../src/client/client-host.ts';
import { EchoCheck, echoCommand, type Seen } from './echo-check.ts';
import { postJson, type SessionEvents, SessionHost } from './session-host.ts';
import { readSettings } from './settings.ts';

/**
 * Many people typing: each virtual user signs in, opens a terminal, types a key every 200 ms, and expects exactly those bytes back.
 * Sockets that break are resumed as the pages do it; whatever happens meanwhile, `wrong_bytes` has to stay 0.
 */
const settings = readSettings();

const echoLatency = new Trend('echo_latency', true);
/** From the request for a ticket to the first byte of the process. */
const sessionReady = new Trend('session_ready', true);
const wrongBytes = new Counter('wrong_bytes');
/** Frames whose fence, seq, offset or CRC did not fit (WP3). */
const frameFaults = new Counter('frame_faults');
const typedKeys = new Counter('typed_keys');
const resumes = new Counter('resumes');

declare const console: { warn(text: string): void };

/** A session that has no process by then never gets one. */
const readyWithinMs = 30_000;

/** What is still under way when the typing ends may take this long to come back. */
const settleMs = 10_000;

export const options: Options = {
  scenarios: {
    typing: {
      executor: 'per-vu-iterations',
      vus: settings.sessions,
      iterations: 1,
      maxDuration: `${settings.rampMs + readyWithinMs + settings.typingMs + settleMs + 10_000}ms`,
    },
  },
  thresholds: {
    wrong_bytes: ['count==0'],
    frame_faults: ['count==0'],
    checks: ['rate==1'],
    echo_latency: [`p(95)<${settings.echoMs.p95}`, `p(99)<${settings.echoMs.p99}`],
  },
  summaryTrendStats: ['min', 'med', 'avg', 'p(95)', 'p(99)', 'max'],
};

export default function typing(): void {
  // Thresholds on a counter that was never touched are not judged.
  wrongBytes.add(0);
  frameFaults.add(0);
  setTimeout(() => new Person().begin(), Math.random() * settings.rampMs);
}

class Person implements SessionEvents {
  readonly #echo = new EchoCheck(exec.vu.idInTest);
  readonly #host = new SessionHost(settings, echoCommand, this);
  #keys: ReturnType<typeof setInterval> | undefined;
  #patience: { cancel(): void } | undefined;
  #leaving = false;
  #begunAtMs = 0;
  #connection = '';
  #attachments = 0;

  begin(): void {
    const { status } = postJson(settings, '/v1/login', { token: settings.accessToken });
    if (!check(status, { 'signed in': (code) => code >= 200 && code < 300 })) return;
    this.#begunAtMs = this.#host.now();
    this.#host.client.start({ cols: 80, rows: 24 });
    this.#patience = this.#host.after(readyWithinMs, () => this.#leave());
  }

  output(bytes: Uint8Array): void {
    const wasReady = this.#echo.ready;
    this.#count(this.#echo.output(bytes, this.#host.now()));
    if (wasReady || !this.#echo.ready) return;
    this.#patience?.cancel();
    sessionReady.add(this.#host.now() - this.#begunAtMs);
    this.#keys = setInterval(() => this.#type(), settings.keyEveryMs);
    this.#host.after(settings.typingMs, () => this.#settle(this.#host.now() + settleMs));
  }

  gap({ sizeBytes }: { readonly sizeBytes: number }): void {
    this.#count(this.#echo.missing(sizeBytes));
  }

  /** What was on the screen was not on the record: the same bytes come again, and count as wrong. */
  rewound(bytes: number): void {
    this.#count(this.#echo.missing(-bytes));
  }

  changed({ connection }: ClientState): void {
    if (connection.kind === this.#connection) return;
    this.#connection = connection.kind;
    if (connection.kind === 'attached' && ++this.#attachments > 1) resumes.add(1);
    if (connection.kind === 'waiting' || connection.kind === 'lost') {
      console.warn(`session of user ${exec.vu.idInTest}: ${connection.kind} (${connection.code} ${connection.text})`);
    }
    if (connection.kind === 'lost') this.#leave();
  }

  #type(): void {
    const key = this.#echo.nextKey(this.#host.now());
    // Not taken = it will not come back, which is what the count of echoes shows.
    this.#host.client.type(Uint8Array.of(key));
    typedKeys.add(1);
  }

  #count({ latenciesMs, wrongBytes: wrong }: Seen): void {
    for (const latencyMs of latenciesMs) echoLatency.add(latencyMs);
    if (wrong !== 0) wrongBytes.add(Math.abs(wrong));
  }

  /** Types no more; leaves when everything came back, or when it is too late for that. */
  #settle(untilMs: number): void {
    this.#stopTyping();
    if (this.#leaving) return;
    const settled = this.#echo.echoed === this.#echo.typed && this.#host.client.state.untypedBytes === 0;
    if (settled || this.#host.now() > untilMs) this.#leave();
    else this.#host.after(50, () => this.#settle(untilMs));
  }

  #stopTyping(): void {
    if (this.#keys !== undefined) clearInterval(this.#keys);
    this.#keys = undefined;
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#patience?.cancel();
    this.#stopTyping();
    const { client } = this.#host;
    const { untypedBytes, faults } = client.state;
    wrongBytes.add(Math.max(0, this.#echo.typed - this.#echo.echoed));
    frameFaults.add(faults.mismatches + faults.gaps + faults.rewinds);
    check(this.#echo, {
      'the process was ready': ({ ready }) => ready,
      'every key came back': ({ typed, echoed }) => typed === echoed,
      'every key was acknowledged as typed': () => untypedBytes === 0,
    });
    client.end();
    this.#leaveWhenEnded(client.state.connection.kind === 'attached' ? this.#host.now() + 5000 : 0);
  }

  #leaveWhenEnded(untilMs: number): void {
    const { client } = this.#host;
    const { kind } = client.state.connection;
    if (kind === 'ended' || this.#host.now() > untilMs) {
      check(kind, { 'the session ended': (state) => state === 'ended' });
      client.dispose();
    } else this.#host.after(50, () => this.#leaveWhenEnded(untilMs));
  }
}
