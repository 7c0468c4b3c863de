/** Why an HTTP request or a WebSocket handshake came to nothing, before anybody has judged it. */
export type OpenFacts =
  | {
      readonly kind: 'http';
      readonly status: number;
      /** Cut at the limit, possibly empty. */
      readonly body: Uint8Array;
      /** Header `Retry-After` in seconds. */
      readonly retryAfterSeconds: number | undefined;
      /** It was the relay's own credential that was not accepted. */
      readonly own?: true;
    }
  /** DNS, TCP, TLS or a broken answer; `code` as Node gives it. */
  | { readonly kind: 'network'; readonly code: string; readonly message: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** The 101 was there and broke the rules: a subprotocol or an extension that was not offered. */
  | { readonly kind: 'handshake'; readonly message: string }
  /** A credential that no header can carry. */
  | { readonly kind: 'credential' }
  /** What this relay needs to speak for itself cannot be had. `why` is a part of a sentence and holds no secret. */
  | { readonly kind: 'own-credential'; readonly why: string }
  | { readonly kind: 'too-large'; readonly maxBytes: number }
  | { readonly kind: 'aborted' };

export class OpenFailure extends Error {
  readonly facts: OpenFacts;

  constructor(facts: OpenFacts) {
    super(facts.kind === 'http' ? `HTTP ${facts.status}` : facts.kind);
    this.name = 'OpenFailure';
    this.facts = facts;
  }
}

export function networkFailure(error: unknown): OpenFailure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const facts = { kind: 'network', code: typeof code === 'string' ? code : '', message: String(message) } as const;
  return new OpenFailure(facts);
}

/** Seconds, or a date that is turned into seconds from `wallMs`. */
export function parseRetryAfter(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - wallMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
