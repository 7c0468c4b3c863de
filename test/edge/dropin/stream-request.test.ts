import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStreamPath, streamTarget } from '../../../src/edge/dropin/stream-request.ts';

const path = { cluster: undefined, namespace: 'n', pod: 'p', kind: 'exec' } as const;
const target = (kind: 'exec' | 'attach' | 'log', query: string) => streamTarget({ ...path, kind }, 'c', new URLSearchParams(query));

describe('a request of the drop-in door', () => {
  it.each([
    ['/api/v1/namespaces/n/pods/p/exec', { ...path }],
    ['/k8s/clusters/c-m-1/api/v1/namespaces/n/pods/p/log', { ...path, cluster: 'c-m-1', kind: 'log' }],
    ['/k8s/proxy/local/api/v1/namespaces/n/pods/p/attach', { ...path, cluster: 'local', kind: 'attach' }],
    ['/api/v1/namespaces/n/pods/p/portforward', undefined],
    ['/api/v1/namespaces/n/pods/p', undefined],
    ['/api/v1/namespaces//pods/p/exec', undefined],
    ['/api/v1/namespaces/%zz/pods/p/exec', undefined],
    ['/k8s/clusters/a/b/api/v1/namespaces/n/pods/p/exec', undefined],
  ])('[DI1] %s', (text, parsed) => {
    expect(parseStreamPath(text)).toStrictEqual(parsed);
  });

  it('[UP7] lets nothing through that is no name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (namespace, pod) => {
        const parsed = parseStreamPath(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`);
        const found = parsed && streamTarget(parsed, 'c', new URLSearchParams('command=sh'));
        if (found !== undefined && typeof found !== 'string') expect(`${found.namespace}${found.pod}`).toMatch(/^[a-z0-9.-]+$/);
      }),
    );
  });

  it('[DI1] asks for what the client asks for, yes and no as the API server reads them', () => {
    expect(target('exec', 'command=a&command=&command=b+c&stdin=1&stdout=true&stderr=false&tty=yes&sockId=7')).toMatchObject({
      command: ['a', '', 'b c'],
      streams: ['stdin', 'stdout'],
      tty: true,
    });
    expect(target('attach', 'container=app&stderr=0')).toStrictEqual({
      kind: 'attach',
      cluster: 'c',
      namespace: 'n',
      pod: 'p',
      container: 'app',
      tty: false,
      streams: [],
    });
    expect(target('log', 'follow=true&timestamps=1&previous=false&tailLines=0&sinceTime=2026-01-01T00:00:00Z&pretty=true')).toMatchObject({
      follow: true,
      timestamps: true,
      previous: false,
      tailLines: 0,
      sinceTime: '2026-01-01T00:00:00Z',
    });
    expect(target('log', '')).toMatchObject({ follow: false });
  });

  it.each([
    ['exec', ''],
    ['exec', 'command=sh&container=../x'],
    ['log', 'tailLines=-1'],
    ['log', 'tailLines=many'],
    ['log', 'limitBytes=0'],
    ['log', 'sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z'],
    ['log', 'stream=Stderr'],
  ] as const)('[DI1] refuses %s?%s with a sentence', (kind, query) => {
    expect(target(kind, query)).toEqual(expect.any(String));
  });
});
