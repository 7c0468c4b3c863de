import type { HeaderSource } from '../../auth/authenticator.ts';
import type { Sealer } from '../../auth/seal.ts';
import type { TicketStore } from '../../broker/broker.ts';
import type { HttpResponse, RequestHead, UpgradeRequest } from '../listener.ts';
import { json } from './answers.ts';
import type { Route } from './route.ts';
import { ticketLength, ticketMs } from './session-routes.ts';

export interface SocketTicketTools {
  readonly tickets: TicketStore;
  readonly sealer: Sealer;
  readonly newId: (length: number) => string;
}

/** A subprotocol that is none: a page can put it beside the real one, and nothing logs it as it logs a URL. */
const prefix = 'poseidon.ticket.';

const context = 'socket ticket';

/** For pages that sign in by a header, which a WebSocket of theirs cannot send: a ticket stands for that header, once, on any edge (ED2). */
export class SocketTickets {
  readonly #tools: SocketTicketTools;

  constructor(tools: SocketTicketTools) {
    this.#tools = tools;
  }

  /** @throws BrokerUnavailable */
  async give(request: RequestHead): Promise<HttpResponse> {
    const { tickets, sealer, newId } = this.#tools;
    const ticket = newId(ticketLength);
    const headers = [request.header('authorization') ?? null, request.header('cookie') ?? null];
    await tickets.put(ticket, { signIn: sealer.sealText(JSON.stringify(headers), context) }, ticketMs);
    return json(201, { ticket, subprotocol: `${prefix}${ticket}`, expiresInMs: ticketMs });
  }

  /**
   * The headers that a socket signs in with: its own, or those that its ticket stands for.
   * @returns undefined: the ticket is none, was used or is too old @throws BrokerUnavailable
   */
  async headersOf(request: UpgradeRequest): Promise<HeaderSource | undefined> {
    const offered = request.subprotocols.find((name) => name.startsWith(prefix));
    if (offered === undefined) return request;
    const { tickets, sealer } = this.#tools;
    const content = await tickets.take(offered.slice(prefix.length));
    if (!content || !('signIn' in content)) return undefined;
    const [authorization, cookie] = JSON.parse(sealer.openText(content.signIn, context)) as (string | null)[];
    const kept: Readonly<Record<string, string | null | undefined>> = { authorization, cookie };
    return { header: (name) => kept[name] ?? undefined };
  }
}

export function socketTicketRoutes(tickets: SocketTickets): readonly Route[] {
  return [{ method: 'POST', path: '/v1/socket-tickets', access: 'user', answer: (request) => tickets.give(request) }];
}
