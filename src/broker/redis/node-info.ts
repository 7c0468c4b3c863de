/** What a node says of itself (`INFO`). */
export interface NodeInfo {
  /** Another one after every start of the process. */
  readonly runId: string;
  readonly version: string;
  /** `master` or `slave`. */
  readonly role: string;
  readonly uptimeMs: number;
  readonly maxmemoryPolicy: string;
}

export function infoOf(text: string): NodeInfo {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  return {
    runId: field('run_id'),
    version: field('redis_version'),
    role: field('role'),
    uptimeMs: Number(field('uptime_in_seconds')) * 1000,
    maxmemoryPolicy: field('maxmemory_policy'),
  };
}
