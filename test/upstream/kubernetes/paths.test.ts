import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecTarget, LogTarget } from '../../../src/protocol/target.ts';
import { apiUrl, targetUrl } from '../../../src/upstream/kubernetes/paths.ts';
import { UpstreamRefusal } from '../../../src/upstream/upstream.ts';

const place = { cluster: 'c', namespace: 'ns', pod: 'web-0', container: 'app' };
const exec: ExecTarget = { kind: 'exec', ...place, command: ['sh'], tty: true };
const rancher = new URL('https://rancher.example/k8s/clusters/c-1');

describe('the paths to the upstream', () => {
  it('[UP7] keeps the path of the server in front', () => {
    expect(targetUrl(rancher, exec).href).toBe(
      'https://rancher.example/k8s/clusters/c-1/api/v1/namespaces/ns/pods/web-0/exec?container=app&stdin=1&stdout=1&tty=1&command=sh',
    );
    expect(targetUrl(new URL('https://api.example:6443/'), { ...exec, container: '' }).pathname).toBe(
      '/api/v1/namespaces/ns/pods/web-0/exec',
    );
  });

  it('[UP2] asks for stderr only without a terminal', () => {
    expect(targetUrl(rancher, { ...exec, tty: false }).search).toBe('?container=app&stdin=1&stdout=1&stderr=1&command=sh');
  });

  it('[DI1] asks for the streams that were asked for, and for a log with its times', () => {
    const query = (target: ExecTarget | LogTarget) => targetUrl(rancher, target).search;
    expect(query({ ...exec, tty: false, streams: ['stdout', 'stderr'] })).toBe('?container=app&stdout=1&stderr=1&command=sh');
    expect(query({ ...exec, streams: ['stdin', 'stderr'] })).toBe('?container=app&stdin=1&tty=1&command=sh');
    expect(query({ kind: 'log', ...place, follow: false, previous: false, timestamps: true })).toBe('?container=app&timestamps=true');
  });

  it('[UP7] carries argv through unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (command) => {
        const query = targetUrl(rancher, { ...exec, command }).search;
        expect(query).not.toContain('+');
        expect(new URLSearchParams(query).getAll('command')).toEqual(command);
      }),
    );
  });

  it('[UP7] lets no name leave its segment', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        fc.pre(name !== '.' && name !== '..');
        const url = apiUrl(rancher, ['api', 'v1', 'namespaces', name, 'pods']);
        expect(url.host).toBe('rancher.example');
        expect(url.search).toBe('');
        const segments = url.pathname.split('/');
        expect(segments).toHaveLength(9);
        expect(decodeURIComponent(segments[7] ?? '')).toBe(name);
      }),
    );
    for (const name of ['', '.', '..']) expect(() => apiUrl(rancher, ['api', name])).toThrow(UpstreamRefusal);
  });

  it('[UP6] asks for the log as it was wanted', () => {
    const log: LogTarget = {
      kind: 'log',
      ...place,
      follow: true,
      previous: true,
      tailLines: 0,
      sinceTime: '2026-01-01T00:00:00Z',
      limitBytes: 5,
    };
    expect(targetUrl(rancher, log).search).toBe(
      '?container=app&follow=true&previous=true&tailLines=0&sinceTime=2026-01-01T00%3A00%3A00Z&limitBytes=5',
    );
  });
});
