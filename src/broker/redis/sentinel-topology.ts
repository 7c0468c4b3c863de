import { Buffer } from 'node:buffer';
import type { Timer } from '../../base/clock.ts';
import { AskingPeer } from './asking-peer.ts';
import type { RedisAddress } from './redis-address.ts';
import { type LinkOptions, RedisLink } from './redis-link.ts';
import { isPort, nodeName, type RedisPlace } from './redis-place.ts';
import type { RespReply } from './resp-decoder.ts';
import type { RedisTopology } from './topology.ts';

/** A primary that was replaced may go on answering those who are connected to it: so often the sentinels are asked whether it was. */
const askEveryMs = 1_000;

/** The primary that the sentinels name: of their answers the one of the newest fail-over counts, so that a sentinel cut off with an old primary misleads nobody. */
export class SentinelTopology implements RedisTopology {
  readonly #options: Omit<LinkOptions, 'address'>;
  readonly #place: Extract<RedisPlace, { kind: 'sentinel' }>;
  readonly #peers: readonly AskingPeer[];
  readonly #link: RedisLink;
  /** Where the link was sent last. */
  #primary = '';
  #newestEpoch = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(place: Extract<RedisPlace, { kind: 'sentinel' }>, options: Omit<LinkOptions, 'address'>) {
    this.#place = place;
    this.#options = options;
    this.#peers = place.sentinels.map((sentinel) => new AskingPeer({ ...sentinel, ...place.sentinelLogin }, options.clock));
    this.#link = new RedisLink({ ...options, address: () => this.#locate() });
  }

  linkOf(): RedisLink {
    return this.#link;
  }

  onBreak(_session: unknown, broken: () => void): () => void {
    return this.#link.onBreak(broken);
  }

  get up(): boolean {
    return this.#link.up;
  }

  async open(): Promise<void> {
    this.#link.open();
    this.#watchLater();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#link.close();
    for (const peer of this.#peers) peer.close();
  }

  async #locate(): Promise<RedisAddress> {
    const primary = await this.#ask();
    if (!primary) throw new Error(`no sentinel names the primary ${this.#place.name}`);
    this.#primary = nodeName(primary);
    return { ...primary, ...this.#place.login };
  }

  #watchLater(): void {
    this.#timer = this.#options.clock.after(askEveryMs, async () => {
      const primary = this.#link.up ? await this.#ask() : undefined;
      if (this.#closed) return;
      if (primary && nodeName(primary) !== this.#primary) {
        this.#options.events.replaced?.();
        this.#link.break(new Error('another server is the primary now'));
      }
      this.#watchLater();
    });
  }

  /** @returns undefined when nobody answers, or nobody knows more than was known before */
  async #ask(): Promise<{ host: string; port: number } | undefined> {
    const replies = await Promise.allSettled(this.#peers.map((peer) => peer.ask(['SENTINEL', 'MASTER', this.#place.name])));
    const answers = replies.flatMap((reply) => (reply.status === 'fulfilled' ? (namedPrimary(reply.value) ?? []) : []));
    const [newest] = answers.sort((a, b) => b.epoch - a.epoch);
    if (!newest || newest.epoch < this.#newestEpoch) return undefined;
    this.#newestEpoch = newest.epoch;
    return { host: newest.host, port: newest.port };
  }
}

/** `SENTINEL MASTER name`: field, value, field, value … */
export function namedPrimary(reply: RespReply): { host: string; port: number; epoch: number } | undefined {
  const texts = Array.isArray(reply) ? (reply as readonly RespReply[]).map((part) => (Buffer.isBuffer(part) ? part.toString() : '')) : [];
  const field = (name: string) => texts[texts.findIndex((text, index) => index % 2 === 0 && text === name) + 1] ?? '';
  if (!['ip', 'port', 'config-epoch'].every((name) => texts.includes(name))) return undefined;
  const [host, port, epoch] = [field('ip'), Number(field('port')), Number(field('config-epoch'))];
  return host !== '' && isPort(port) && Number.isSafeInteger(epoch) && epoch >= 0 ? { host, port, epoch } : undefined;
}
