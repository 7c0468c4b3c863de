import { describe, expect, it } from 'vitest';
import type { LogTarget } from '../../../src/protocol/target.ts';
import { logQuery } from '../../../src/upstream/kubernetes/log-query.ts';

const place = { kind: 'log', cluster: 'c', namespace: 'n', pod: 'p', container: 'c', follow: true, previous: false } as const;
const asked = { kind: 'asked', waitedMs: 0, begun: false, wallMs: 1_700_000_090_500 } as const;

describe('what of a log is asked for', () => {
  it('[UP6] is at first what the user asked, with times and without a limit: that counts what the user gets', () => {
    const target: LogTarget = { ...place, tailLines: 5, sinceSeconds: 60, limitBytes: 100, once: true };
    expect(logQuery(target, asked)).toEqual({ ...place, timestamps: true, tailLines: 5, sinceSeconds: 60 });
  });

  it('[UP6] is asked from a second before its place, without what was asked at first', () => {
    const cursor = { run: 1, seconds: 1_700_000_000, nanos: 5, lines: 1, bytes: 0 };
    for (const rest of [{ tailLines: 5 }, { sinceSeconds: 9 }, { sinceTime: '2020-01-01T00:00:00Z' }])
      expect(logQuery({ ...place, ...rest }, { kind: 'from', cursor })).toEqual({
        ...place,
        timestamps: true,
        sinceTime: '2023-11-14T22:13:19Z',
      });
  });

  it('[UP6] of a log in which nothing was is all that has come since', () => {
    const later = { ...asked, begun: true, waitedMs: 30_500 };
    expect(logQuery({ ...place, tailLines: 5 }, later)).toEqual({ ...place, timestamps: true });
    expect(logQuery({ ...place, sinceSeconds: 10 }, later)).toEqual({ ...place, timestamps: true, sinceSeconds: 40 });
    expect(logQuery({ ...place, tailLines: 0 }, later)).toEqual({ ...place, timestamps: true, sinceTime: '2023-11-14T22:14:20Z' });
  });

  it('[UP6] of a run that was started meanwhile is its beginning', () => {
    expect(logQuery({ ...place, tailLines: 5 }, { kind: 'run' })).toEqual({ ...place, timestamps: true });
  });
});
