import type { SignIn } from '../../auth/sign-in.ts';
import type { User } from '../../auth/user.ts';
import { sleep } from '../../base/clock.ts';
import { CloseCode } from '../../protocol/close-code.ts';
import { type Gauge, sumGauges } from '../../telemetry/gauges.ts';
import type { BrowserSocket, SocketEvents } from '../listener.ts';
import type { SignInWatch } from '../sign-in-watch.ts';
import { Attachment } from './attachment.ts';
import { edgeGauges } from './edge-gauges.ts';
import type { RelayTools } from './relay-tools.ts';
import type { SharedParts } from './shared-parts.ts';

export const relaySubprotocol = 'poseidon.v1';
export const relayPath = '/v1/attach';

export interface RelayDoorOptions extends Omit<RelayTools, 'channels' | 'reads' | 'rings' | 'mayResume'> {
  readonly shared: SharedParts;
  /** undefined: a session outlives the sign-in it was opened with (ED5). */
  readonly signIns?: SignInWatch | undefined;
  /** A fresh check of the user's right to the session (RS2). */
  readonly mayResume: (user: User, session: Parameters<RelayTools['mayResume']>[0]) => Promise<boolean>;
}

/** Door 1: browser sockets of `poseidon.v1`. Owns no session: it can be killed at any time. */
export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #attachments = new Set<Attachment>();
  #draining = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
  }

  get sockets(): number {
    return this.#attachments.size;
  }

  gauges(): readonly Gauge[] {
    const holds = Array.from(this.#attachments, (attachment) => attachment.holds);
    return [...this.#options.shared.gauges(), ...sumGauges(edgeGauges, holds)];
  }

  accept(socket: BrowserSocket, { user, again }: SignIn): SocketEvents {
    const { mayResume, shared, signIns, ...options } = this.#options;
    const { channels, reads, rings } = shared;
    const tools = {
      ...options,
      channels,
      reads,
      rings,
      // The socket may have been open for a while before it joins.
      mayResume: async (session: Parameters<RelayTools['mayResume']>[0]) => {
        const now = await again();
        return now !== undefined && (await mayResume(now, session));
      },
    };
    const { subject } = user;
    const full = shared.full(subject);
    const attachment = new Attachment(socket, subject, tools, () => {
      this.#attachments.delete(attachment);
      shared.leave(attachment);
      unwatch?.();
    });
    this.#attachments.add(attachment);
    shared.enter(attachment, subject);
    const unwatch = signIns?.watch({ signIn: { user, again }, over: () => attachment.signInOver() });
    if (this.#draining) attachment.refuse(CloseCode.draining, 'this edge is going away');
    else if (full) attachment.refuse(CloseCode.busy, full);
    return attachment;
  }

  /** Sends its browsers elsewhere, spread over time; they resume without loss (ED3). */
  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    const all = [...this.#attachments];
    for (const attachment of all) {
      attachment.refuse(CloseCode.draining, 'this edge is going away');
      await sleep(this.#options.clock, overMs / all.length);
    }
  }

  close(): void {
    this.#draining = true;
    for (const attachment of [...this.#attachments]) attachment.refuse(CloseCode.draining, 'this edge is going away');
  }
}
