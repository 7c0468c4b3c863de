import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/upstream/kubernetes/cluster.ts';
import { accessAs, impersonationHeaders } from '../../../src/upstream/kubernetes/impersonation.ts';
import { OpenFailure } from '../../../src/upstream/kubernetes/open-failure.ts';
import { ServerCluster } from '../../../src/upstream/kubernetes/server-cluster.ts';
import type { Impersonation } from '../../../src/upstream/upstream.ts';
import { pinned } from '../../support/fuzz.ts';
import { ManualClock } from '../clocks.ts';

const ann: Impersonation = { kind: 'impersonation', user: 'ann', groups: ['dev', 'ops'], extra: { tenant: ['blue', 'red'] } };

describe('acting for a user', () => {
  it("[UP10] takes the relay's own credential and one header line for each name", async () => {
    const cluster: Cluster = new ServerCluster({ server: 'https://api.example', token: 'own' }, new ManualClock());
    expect((await accessAs(cluster, ann)).headers).toEqual({
      Authorization: 'Bearer own',
      'Impersonate-User': 'ann',
      'Impersonate-Group': ['dev', 'ops'],
      'Impersonate-Extra-tenant': ['blue', 'red'],
    });
    expect((await accessAs(cluster, undefined)).headers).toEqual({ Authorization: 'Bearer own' });
    expect((await accessAs(cluster, { kind: 'bearer', token: 'theirs' })).headers).toEqual({ Authorization: 'Bearer theirs' });
  });

  it('[UP10] writes UTF-8 as Kubernetes reads it, and keys as Kubernetes decodes them', () => {
    const headers = impersonationHeaders({ ...ann, user: 'ännchen', groups: [], extra: { 'https://a.example/b c': ['x'] } });
    expect(Buffer.from(headers['Impersonate-User'] as string, 'latin1').toString('utf8')).toBe('ännchen');
    expect(Object.keys(headers)).toEqual(['Impersonate-User', 'Impersonate-Extra-https%3A%2F%2Fa.example%2Fb%20c']);
  });

  it('[UP10] makes no second header of any name', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(
        text,
        fc.array(text, { maxLength: 3 }),
        fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 2 }),
        (user, groups, extra) => {
          let headers: ReturnType<typeof impersonationHeaders>;
          try {
            headers = impersonationHeaders({ kind: 'impersonation', user, groups, extra });
          } catch (failure) {
            expect(failure).toBeInstanceOf(OpenFailure);
            return;
          }
          for (const [name, value] of Object.entries(headers)) {
            validateHeaderName(name);
            for (const each of [value].flat()) {
              validateHeaderValue(name, each);
              // What HTTP trims; the byte A0 of a longer character is none of it.
              expect(each).not.toMatch(/^[ \t]|[ \t]$/);
            }
          }
        },
      ),
      pinned(3, 2000),
    );
  });
});
