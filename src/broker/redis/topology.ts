import type { SessionId } from '../../protocol/ids.ts';
import { type LinkOptions, RedisLink } from './redis-link.ts';

/**
 * Which node a session's slot is on, and the link to it. One node, a primary behind Sentinel, the nodes of a Cluster: what differs lies
 * behind this; a topology that learns of a fail-over or a moved slot breaks what is bound to the old place, as a broken link does.
 */
export interface RedisTopology {
  /** The link of the node that owns the session's keys and channels now. One session, one link: its commands keep their order (LS3). */
  linkOf(session: SessionId): RedisLink;
  /** Calls `broken` whenever the session's link is lost or becomes another one, before anything is sent on that. @returns a function that stops it */
  onBreak(session: SessionId, broken: () => void): () => void;
  /** Whether every node that is needed answers. */
  readonly up: boolean;
  /** Resolves when it is known which nodes there are, if any answered. */
  open(): Promise<void>;
  close(): void;
}

/** One server. */
export class StandaloneTopology implements RedisTopology {
  readonly #link: RedisLink;

  constructor(options: LinkOptions) {
    this.#link = new RedisLink(options);
  }

  linkOf(): RedisLink {
    return this.#link;
  }

  onBreak(_session: SessionId, broken: () => void): () => void {
    return this.#link.onBreak(broken);
  }

  get up(): boolean {
    return this.#link.up;
  }

  async open(): Promise<void> {
    this.#link.open();
  }

  close(): void {
    this.#link.close();
  }
}
