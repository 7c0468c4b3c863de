/** What a node says of itself (`INFO`). */
export interface NodeInfo {
  /** Another one after every start of the process. */
  readonly runId: string;
  readonly version: string;
  /** `master` or `slave`. */
  readonly role: string;
  readonly uptimeMs: number;
  readonly maxmemoryPolicy: string;
  /** Replicas that follow closely enough to be waited for (FC4). */
  readonly replicas: number;
  /** What it has is on disk, more or less. */
  readonly appendOnly: boolean;
  /** It is one of a Cluster. */
  readonly cluster: boolean;
}

/** A replica that has not been heard of for longer is as good as gone: the default of `min-replicas-max-lag`. */
const mostLagSeconds = 10;

export function infoOf(text: string): NodeInfo {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  return {
    runId: field('run_id'),
    version: field('redis_version'),
    role: field('role'),
    // Not told: as if it had just started, so that nothing it does not know is final (LG11).
    uptimeMs: (Number(field('uptime_in_seconds')) || 0) * 1000,
    maxmemoryPolicy: field('maxmemory_policy'),
    cluster: field('cluster_enabled') === '1',
    appendOnly: field('aof_enabled') === '1',
    replicas: [...text.matchAll(/^slave\d+:.*state=online,.*lag=(\d+)/gm)].filter(([, lag]) => Number(lag) <= mostLagSeconds).length,
  };
}
