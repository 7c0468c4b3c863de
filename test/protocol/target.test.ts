import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../src/protocol/target.ts';

const place = { cluster: 'local', namespace: 'default', pod: 'web-0.apps', container: 'app' };
const exec = { kind: 'exec', ...place };
const log = { kind: 'log', ...place };

/** Texts that would change a URL's path, its query or what a proxy makes of it. */
const steering: ReadonlyArray<[string, string]> = [
  ['two dots', '..'],
  ['two dots in front', '../kube-system'],
  ['one dot', '.'],
  ['a slash', 'a/b'],
  ['a back slash', 'a\\b'],
  ['a question mark', 'a?stdin=true'],
  ['a hash', 'a#b'],
  ['a percent sign', 'a%2fb'],
  ['an encoded dot', '%2e%2e'],
  ['a blank', 'a b'],
  ['a blank behind', 'a '],
  ['a line end', 'a\n'],
  ['a NUL', 'a\u0000'],
  ['an ampersand', 'a&b'],
  ['a colon', 'a:b'],
  ['an at sign', 'a@b'],
  ['a letter of another alphabet', 'аpp'],
  ['an accent', 'café'],
  ['a full-width dot', 'a．b'],
  ['nothing', ''],
  ['a dash in front', '-a'],
  ['a dash behind', 'a-'],
];

describe('[UP7] a browser cannot steer the upstream path', () => {
  it.each(steering)('[UP7] %s is in no name: %j', (_what, name) => {
    expect(parseTarget({ ...exec, cluster: name })).toBe('cluster: not a cluster name');
    expect(parseTarget({ ...exec, namespace: name })).toBe('namespace: not a namespace name');
    expect(parseTarget({ ...exec, pod: name })).toBe('pod: not a pod name');
    if (name !== '') expect(parseTarget({ ...exec, container: name })).toBe('container: not a container name');
  });

  it.each([
    ['namespace', 'Default'],
    ['namespace', 'a'.repeat(64)],
    ['namespace', 'a.b'],
    ['pod', 'Web-0'],
    ['pod', 'a'.repeat(254)],
    ['pod', 'a..b'],
    ['pod', '.a'],
    ['pod', 'a.'],
    ['pod', 'a.-b'],
    ['container', 'App'],
    ['container', 'a'.repeat(64)],
    ['cluster', 'a'.repeat(129)],
    ['cluster', '_local'],
  ])('[UP7] the %s %j is refused', (field, name) => {
    expect(parseTarget({ ...exec, [field]: name })).toContain(`${field}: `);
  });

  it.each([
    ['namespace', 'a'.repeat(63)],
    ['pod', `${'a'.repeat(63)}.${'b'.repeat(63)}.c`],
    ['pod', '0'],
    ['pod', 'a'.repeat(253)],
    ['container', 'a'.repeat(63)],
    ['cluster', 'c-m-abcdefgh'],
    ['cluster', 'Prod_eu.1'],
  ])('[UP7] the %s %j is allowed', (field, name) => {
    expect(parseTarget({ ...exec, [field]: name })).toMatchObject({ kind: 'exec', [field]: name });
  });

  it.each([[undefined], [null], [1], [true], [['local']], [{}]])('[UP7] a name that is no text is refused: %j', (name) => {
    expect(parseTarget({ ...exec, cluster: name })).toBeTypeOf('string');
    expect(parseTarget({ ...exec, pod: name })).toBeTypeOf('string');
  });

  it('[UP7] a name that passed is a path segment that no URL parser changes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', '-', '.', '_', '%', '/', '2e'), minLength: 1, maxLength: 12 }),
        (name) => {
          const target = parseTarget({ ...exec, cluster: name, pod: name, namespace: name, container: name });
          if (typeof target === 'string') return;
          expect(new URL(`https://host/k8s/clusters/${target.cluster}/${target.pod}`).pathname).toBe(`/k8s/clusters/${name}/${name}`);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('[UP1] what a target says', () => {
  it('[UP1] only exec, attach and log are targets', () => {
    expect(parseTarget({ ...place, kind: 'port-forward' })).toBe('kind: one of exec, attach, log');
    expect(parseTarget({ ...place })).toBe('kind: one of exec, attach, log');
  });

  it('[UP5] an exec without a command lets the relay choose a shell, on a TTY unless it says no', () => {
    expect(parseTarget(exec)).toStrictEqual({ ...exec, command: [], tty: true });
    expect(parseTarget({ ...exec, tty: false, command: ['ls', '-l', '/tmp/a b'] })).toStrictEqual({
      ...exec,
      tty: false,
      command: ['ls', '-l', '/tmp/a b'],
    });
  });

  it.each([['ls -l'], [{ length: 1 }], [[1]], [['x'.repeat(8193)]], [Array(257).fill('x')]])(
    '[UP1] the command %.40j is refused',
    (command) => {
      expect(parseTarget({ ...exec, command })).toBe('command: a list of texts');
    },
  );

  it('[UP1] a container may be left to the upstream', () => {
    const { container: _, ...rest } = place;
    expect(parseTarget({ kind: 'attach', ...rest })).toStrictEqual({ kind: 'attach', ...rest, container: '', tty: true });
  });

  it('[UP6] a log follows from its beginning unless it says otherwise', () => {
    expect(parseTarget(log)).toStrictEqual({ ...log, follow: true, previous: false });
    const some = { follow: false, previous: true, tailLines: 0, sinceSeconds: 60, limitBytes: 1 };
    expect(parseTarget({ ...log, ...some })).toStrictEqual({ ...log, ...some });
    const time = { sinceTime: '2026-01-02T03:04:05.678901234Z' };
    expect(parseTarget({ ...log, ...time })).toMatchObject(time);
  });

  it.each([
    [{ tailLines: -1 }, 'tailLines'],
    [{ tailLines: 1.5 }, 'tailLines'],
    [{ tailLines: '10' }, 'tailLines'],
    [{ sinceSeconds: 0 }, 'sinceSeconds'],
    [{ limitBytes: 0 }, 'limitBytes'],
    [{ limitBytes: 2 ** 53 }, 'limitBytes'],
    [{ sinceTime: 'yesterday' }, 'sinceTime'],
    [{ sinceTime: `2026-01-02T03:04:05Z&follow=true` }, 'sinceTime'],
    [{ sinceTime: 1_767_322_800_000 }, 'sinceTime'],
    [{ sinceTime: '2026-01-02T03:04:05Z', sinceSeconds: 60 }, 'only one of both'],
  ])('[UP6] a log with %j is refused', (options, word) => {
    expect(parseTarget({ ...log, ...options })).toContain(word);
  });
});
