import { slotCount } from './key-slot.ts';
import { type HostPort, isPort } from './redis-place.ts';

/** What the nodes of a Cluster say of it, put together. */
export interface ClusterMap {
  /** By slot; undefined: nobody holds it. */
  readonly primaries: readonly (HostPort | undefined)[];
  /** Every node that can be asked. */
  readonly nodes: readonly HostPort[];
}

interface Claimed {
  readonly node: HostPort;
  readonly epoch: number;
}

/**
 * From `CLUSTER NODES` of several nodes: of two that claim a slot the one with the higher configuration epoch holds it, so that a node
 * that was cut off with its old view misleads nobody.
 * @param answers with the address that was asked: a node may not know its own
 * @param names whether certificates are compared with names: then nodes that announce one go by it
 */
export function mergedMap(answers: readonly { readonly text: string; readonly asked: HostPort }[], names: boolean): ClusterMap {
  const slots: (Claimed | undefined)[] = Array.from({ length: slotCount });
  const nodes = new Map<string, HostPort>();
  for (const { text, asked } of answers) {
    for (const line of text.split('\n')) {
      const [, address = '', flags = '', , , , epochText, , ...ranges] = line.trim().split(' ');
      const node = addressOf(address, asked, names);
      if (!node || /noaddr|handshake/.test(flags)) continue;
      nodes.set(`${node.host} ${node.port}`, node);
      const epoch = Number(epochText);
      if (flags.split(',').includes('master') && Number.isSafeInteger(epoch)) claim(slots, { node, epoch }, ranges);
    }
  }
  return { primaries: slots.map((claimed) => claimed?.node), nodes: [...nodes.values()] };
}

/** `0-5460`, `7000`; a slot in brackets is being moved and still its old node's. */
function claim(slots: (Claimed | undefined)[], claimed: Claimed, ranges: readonly string[]): void {
  for (const range of ranges) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) continue;
    for (let slot = Number(first); slot <= Math.min(Number(last), slotCount - 1); slot++) {
      const other = slots[slot];
      if (!other || claimed.epoch > other.epoch) slots[slot] = claimed;
    }
  }
}

/** `ip:port@busport,hostname,…`; no ip: the node itself does not know it. */
function addressOf(text: string, asked: HostPort, names: boolean): HostPort | undefined {
  const [, ip = '', port, name = ''] = /^(.*):(\d+)@\d+(?:,([^,]*))?/.exec(text) ?? [];
  if (!isPort(Number(port))) return undefined;
  const host = (names && name !== '?' && name) || ip || asked.host;
  return { host, port: Number(port) };
}
