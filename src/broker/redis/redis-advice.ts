import type { NodeInfo } from './node-info.ts';

/** One line for an operator about how Redis is set up. */
export interface Advice {
  readonly level: 'warn' | 'info';
  readonly text: string;
}

/** What is asked of `CONFIG GET`. */
export const askedSettings = ['client-output-buffer-limit', 'min-replicas-to-write', 'cluster-require-full-coverage'] as const;
export type Settings = Readonly<Record<string, string>>;

/** One connection carries the pushes of all sessions of an edge or a worker; cut, it reads everything again, and may be cut again. */
const leastPubsubBytes = 8 * 1024 * 1024;

/** Settings that lose data, or take sessions away for a while. What makes Redis unusable is refused, not advised. */
export function adviceOn(node: NodeInfo, settings: Settings | undefined): readonly Advice[] {
  const advice: Advice[] = [];
  const pubsub =
    settings && pubsubLimits(settings['client-output-buffer-limit'] ?? '').filter((bytes) => bytes > 0 && bytes < leastPubsubBytes);
  if (pubsub && pubsub.length > 0) {
    const text = `Redis cuts subscribers at ${Math.min(...pubsub)} bytes: set client-output-buffer-limit pubsub to 32mb 8mb 60 or more`;
    advice.push({ level: 'warn', text });
  }
  if (node.replicas > 0 && settings?.['min-replicas-to-write'] === '0') {
    const text = 'a Redis primary that is cut off from its replicas goes on taking writes that are lost: set min-replicas-to-write to 1';
    advice.push({ level: 'warn', text });
  }
  if (node.replicas > 0 && settings?.['cluster-require-full-coverage'] === 'yes' && node.cluster) {
    const text = 'one lost primary stops the whole Redis Cluster: set cluster-require-full-coverage to no';
    advice.push({ level: 'warn', text });
  }
  if (node.replicas === 0 && !node.appendOnly) {
    const text =
      'Redis keeps nothing over a restart (no replica, no append-only file): workers bring running sessions back, waiting ones are lost';
    advice.push({ level: 'info', text });
  }
  return advice;
}

/** `normal 0 0 0 slave … pubsub <hard> <soft> <seconds>` */
function pubsubLimits(text: string): readonly number[] {
  const [, hard, soft] = /\bpubsub (\d+) (\d+)/.exec(text) ?? [];
  return [Number(hard ?? 0), Number(soft ?? 0)];
}
