import type { TicketContent, TicketStore } from '../broker.ts';
import type { ControlClient } from './control-client.ts';
import { objectOf, textOf } from './control-replies.ts';
import { ticketKey } from './keys.ts';

/** Single use: `GETDEL` gives a ticket to one asker only. A take whose answer was lost has used it up. */
export class RedisTickets implements TicketStore {
  readonly #control: ControlClient;

  constructor(control: ControlClient) {
    this.#control = control;
  }

  async put(ticket: string, content: TicketContent, ttlMs: number): Promise<void> {
    await this.#control.answer((redis) => redis.set(ticketKey(ticket), JSON.stringify(content), 'PX', ttlMs));
  }

  async take(ticket: string): Promise<TicketContent | undefined> {
    const content = await this.#control.answer((redis) => redis.getdel(ticketKey(ticket)));
    return content === null ? undefined : (objectOf(textOf(content)) as TicketContent);
  }
}
