import { Buffer } from 'node:buffer';
import type { Timer } from '../../base/clock.ts';
import type { SessionId } from '../../protocol/ids.ts';
import { AskingPeer } from './asking-peer.ts';
import { type ClusterMap, mergedMap } from './cluster-map.ts';
import { slotCount, slotOf, slotOfKey } from './key-slot.ts';
import { barrierKey } from './keys.ts';
import { type LinkOptions, RedisLink } from './redis-link.ts';
import { type HostPort, nodeName, type RedisPlace } from './redis-place.ts';
import type { RedisTopology } from './topology.ts';

/** The map is looked at so often though nothing seems wrong with it. */
const lookEveryMs = 5_000;
/** After a sign that it is wrong, so soon: a slot takes a moment to move, and many sessions notice at once. */
const lookSoonMs = 50;
/** Nodes asked at a time. */
const askedNodes = 6;

type Links = Omit<LinkOptions, 'address' | 'barrierKey'>;

interface Watcher {
  readonly slot: number;
  readonly broken: () => void;
  unlisten: () => void;
}

/**
 * The primaries of a Cluster, one link each. `MOVED`, `ASK` and their like are never followed: what asked is in doubt, the map is
 * looked at again, and a slot that is another node's now breaks what was bound to the old one (LG5, LG6).
 */
export class ClusterTopology implements RedisTopology {
  readonly #options: Links;
  readonly #place: Extract<RedisPlace, { kind: 'cluster' }>;
  readonly #peers = new Map<string, AskingPeer>();
  readonly #links = new Map<string, RedisLink>();
  readonly #watchers = new Set<Watcher>();
  /** For slots that nobody holds: its attempts to connect fail, at their pace. */
  readonly #nowhere: RedisLink;
  #slots: readonly (RedisLink | undefined)[] = Array.from({ length: slotCount });
  #nodes: readonly HostPort[];
  #timer: Timer | undefined;
  #looking = false;
  /** A look is near: more signs do not put it off. */
  #soon = false;
  #closed = false;

  constructor(place: Extract<RedisPlace, { kind: 'cluster' }>, options: Links) {
    this.#place = place;
    this.#nodes = place.seeds;
    const { linkDown, moved } = options.events;
    const events = {
      ...options.events,
      linkDown: (cause: Error) => {
        linkDown?.(cause);
        this.#lookSoon();
      },
      moved: () => {
        moved?.();
        this.#lookSoon();
      },
    };
    this.#options = { ...options, events };
    const nowhere = () => Promise.reject(new Error('no node of the Cluster is known to hold the slot'));
    this.#nowhere = new RedisLink({ ...options, events: {}, address: nowhere });
  }

  linkOf(session: SessionId): RedisLink {
    return this.#slots[slotOf(session)] ?? this.#nowhere;
  }

  onBreak(session: SessionId, broken: () => void): () => void {
    const watcher = { slot: slotOf(session), broken, unlisten: this.linkOf(session).onBreak(broken) };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      watcher.unlisten();
    };
  }

  get up(): boolean {
    return this.#links.size > 0 && this.#slots.every((link) => link?.up === true);
  }

  async open(): Promise<void> {
    await this.#look();
    this.#nowhere.open();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const link of [this.#nowhere, ...this.#links.values()]) link.close();
    for (const peer of this.#peers.values()) peer.close();
  }

  #lookSoon(): void {
    if (this.#looking || this.#soon) return;
    this.#soon = true;
    this.#lookAfter(lookSoonMs);
  }

  #lookAfter(delayMs: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#soon = false;
    const asked = this.#askable();
    const replies = await Promise.allSettled(asked.map((node) => this.#peer(node).ask(['CLUSTER', 'NODES'])));
    this.#looking = false;
    if (this.#closed) return;
    const answers = replies.flatMap((reply, index) => {
      const node = asked[index];
      return node && reply.status === 'fulfilled' && Buffer.isBuffer(reply.value) ? [{ text: reply.value.toString(), asked: node }] : [];
    });
    if (answers.length > 0) this.#adopt(mergedMap(answers, this.#place.login.tls !== false));
    this.#lookAfter(this.up ? lookEveryMs : lookSoonMs * 4);
  }

  /** A few of the nodes, others each time. */
  #askable(): readonly HostPort[] {
    const known = new Map([...this.#place.seeds, ...this.#nodes].map((node) => [nodeName(node), node]));
    const drawn = [...known.values()].map((node) => ({ node, at: this.#options.random.fraction() }));
    return drawn
      .sort((a, b) => a.at - b.at)
      .slice(0, askedNodes)
      .map(({ node }) => node);
  }

  #peer(node: HostPort): AskingPeer {
    const known = this.#peers.get(nodeName(node));
    const peer = known ?? new AskingPeer({ ...node, ...this.#place.login }, this.#options.clock);
    if (!known) this.#peers.set(nodeName(node), peer);
    return peer;
  }

  #adopt({ primaries, nodes }: ClusterMap): void {
    const before = this.#slots;
    const links = new Map([...new Set(primaries)].map((node) => [node, node && this.#link(node)]));
    this.#nodes = nodes;
    this.#slots = primaries.map((node) => links.get(node));
    const moved = (slot: number) => before[slot] !== this.#slots[slot];
    if (!before.some((_, slot) => moved(slot))) return;
    // First of all, as when a link breaks: whoever hears that a subscription is over may write at once.
    for (const watcher of [...this.#watchers]) {
      if (!moved(watcher.slot)) continue;
      watcher.unlisten();
      watcher.unlisten = (this.#slots[watcher.slot] ?? this.#nowhere).onBreak(watcher.broken);
      watcher.broken();
    }
    for (const [name, link] of [...this.#links]) {
      link.breakChannels((channel) => this.#slots[slotOfKey(channel)] !== link);
      if (this.#slots.includes(link)) continue;
      this.#links.delete(name);
      link.close();
    }
    this.#nowhere.breakChannels((channel) => this.#slots[slotOfKey(channel)] !== undefined);
  }

  #link(node: HostPort): RedisLink {
    const name = nodeName(node);
    const known = this.#links.get(name);
    if (known) return known;
    const link: RedisLink = new RedisLink({
      ...this.#options,
      address: { ...node, ...this.#place.login },
      barrierKey: () => barrierKey(this.#tagOf(link)),
    });
    this.#links.set(name, link);
    link.open();
    return link;
  }

  /** A number whose slot is on the node. */
  #tagOf(link: RedisLink): string {
    for (let tag = 0; tag < slotCount; tag++) if (this.#slots[slotOf(String(tag))] === link) return String(tag);
    return '0';
  }
}
