/** What a run is told by its environment (`k6 run -e NAME=value`); read once, before the first virtual user. */
export interface Settings {
  /** Origin of the relay, without a slash at the end. */
  readonly url: string;
  readonly accessToken: string;
  /** Virtual users, each with one terminal. */
  readonly sessions: number;
  readonly typingMs: number;
  readonly keyEveryMs: number;
  /** Sessions open at random moments of this time, as people do. */
  readonly rampMs: number;
  /** Where to open terminals; an empty cluster is the relay's first. */
  readonly place: Place;
  /** Above these the run fails. */
  readonly echoMs: { readonly p95: number; readonly p99: number };
}

export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export function readSettings(): Settings {
  const url = text('POSEIDON_URL', 'http://127.0.0.1:8080').replace(/\/+$/, '');
  // A load test is for a relay of one's own, on this machine.
  if (!/^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(url)) throw new Error(`POSEIDON_URL has to be on loopback: ${url}`);
  const file = text('POSEIDON_ACCESS_TOKEN_FILE', '');
  const accessToken = file === '' ? text('POSEIDON_ACCESS_TOKEN', '') : open(file).trim();
  if (accessToken === '') throw new Error('set POSEIDON_ACCESS_TOKEN_FILE or POSEIDON_ACCESS_TOKEN');
  return {
    url,
    accessToken,
    sessions: count('SESSIONS', 20),
    typingMs: count('TYPING_S', 30) * 1000,
    keyEveryMs: count('KEY_EVERY_MS', 200),
    rampMs: count('RAMP_S', 5) * 1000,
    place: {
      cluster: text('CLUSTER', ''),
      namespace: text('NAMESPACE', 'demo'),
      pod: text('POD', 'toolbox'),
      container: text('CONTAINER', 'shell'),
    },
    echoMs: { p95: count('ECHO_P95_MS', 100), p99: count('ECHO_P99_MS', 250) },
  };
}

function text(name: string, otherwise: string): string {
  return __ENV[name] || otherwise;
}

function count(name: string, otherwise: number): number {
  const value = Number(text(name, `${otherwise}`));
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name}: a whole number from 0`);
  return value;
}
