/** A refusal of the HTTP API, or no answer at all (status 0). `message` and `hint` are fit for a person. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  /** Asking again later may help: no answer, too many requests, or the server's own trouble. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface RelayRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string | URL;
  readonly body?: object;
  /** Sent as `Authorization: Bearer`, and no cookie with it. Without one the browser's cookies of the relay go along. */
  readonly token?: string;
}

/** One request to the relay's HTTP API. @throws ApiFailure, whatever went wrong */
export async function relayRequest({ method, url, body, token }: RelayRequest): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body) headers['content-type'] = 'application/json';
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  const credentials = token === undefined ? 'include' : 'omit';
  let response: Response;
  try {
    response = await fetch(url, { method, credentials, headers, ...(body && { body: JSON.stringify(body) }) });
  } catch {
    throw new ApiFailure(0, 'unreachable', 'The relay cannot be reached.', 'Is it running, and is the network up?');
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const { code, message, hint } = record(answer);
  const said = text(message) || `The relay answered with HTTP status ${response.status}.`;
  throw new ApiFailure(response.status, text(code), said, text(hint));
}

export function record(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : {};
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @returns the ticket of an answer to `POST /v1/sessions`: short-lived, for one use */
export function ticketOf(answer: unknown): string {
  const { ticket } = record(answer);
  if (typeof ticket !== 'string') throw new ApiFailure(200, 'answer', 'The relay sent no ticket.', '');
  return ticket;
}
