import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grants } from '../../src/auth/grants.ts';
import { type LogTarget, parseTarget, type Target } from '../../src/protocol/target.ts';
import { pinned } from '../support/fuzz.ts';
import { userNamed } from '../support/users.ts';

const target = (kind: string, namespace: string, pod = 'web-0', cluster = 'prod') =>
  parseTarget({ kind, cluster, namespace, pod, container: '', tty: false, command: [] }) as Target;

const grants = new Grants(
  JSON.stringify([
    { groups: ['dev'], may: ['log'] },
    { groups: ['dev'], may: ['exec', 'attach'], clusters: ['test', 'lab-*'], namespaces: ['team-*'] },
    { users: ['ann'], may: ['exec'], clusters: ['prod'], namespaces: ['shop'], pods: ['web-*'] },
  ]),
);
const dev = userNamed('bob', undefined, ['dev', 'staff']);
const ann = userNamed('ann');

const may = (user: typeof ann, asked: Target) => grants.refusal(user, asked) === undefined;

describe('grants', () => {
  it('[ED4] let a group and a user do what they say, where they say it', () => {
    expect(may(dev, target('log', 'any'))).toBe(true);
    expect(may(dev, target('exec', 'any'))).toBe(false);
    expect(may(dev, target('exec', 'team-a', 'web-0', 'test'))).toBe(true);
    expect(may(dev, target('attach', 'team-a', 'web-0', 'lab-7'))).toBe(true);
    expect(may(dev, target('exec', 'team', 'web-0', 'test'))).toBe(false);
    expect(may(dev, target('exec', 'team-a', 'web-0', 'prod'))).toBe(false);
    expect(may(ann, target('exec', 'shop', 'web-0'))).toBe(true);
    expect(may(ann, target('exec', 'shop', 'db-0'))).toBe(false);
    expect(may(ann, target('log', 'shop', 'web-0'))).toBe(false);
    expect(may(userNamed('eve', undefined, ['DEV', 'dev2', 'ann']), target('log', 'any'))).toBe(false);
  });

  it('[ED4] a refusal says what was refused, where', () => {
    expect(grants.refusal(ann, target('exec', 'shop', 'db-0'))).toBe(
      'No grant of this relay lets you run commands in pod db-0 in namespace shop of cluster prod',
    );
    expect(grants.refusal(ann, target('log', 'shop') as LogTarget)).toContain('read logs of pod web-0');
  });

  it('[ED4] shows only where something is granted', () => {
    expect([grants.sees(dev, { cluster: 'prod' }), grants.sees(ann, { cluster: 'prod' }), grants.sees(ann, { cluster: 'test' })]).toEqual([
      true,
      true,
      false,
    ]);
    expect(grants.sees(ann, { cluster: 'prod', namespace: 'shop' })).toBe(true);
    expect(grants.sees(ann, { cluster: 'prod', namespace: 'other' })).toBe(false);
    expect(grants.sees(ann, { cluster: 'prod', namespace: 'shop', pod: 'db-0' })).toBe(false);
    expect(grants.sees(userNamed('eve'), { cluster: 'prod' })).toBe(false);
  });

  it('[ED4] a star is everybody, an empty list nobody', () => {
    const open = new Grants('[{"groups":["*"],"may":["exec","attach","log"]}]');
    expect(open.refusal(userNamed('eve'), target('attach', 'kube-system'))).toBeUndefined();
    expect(new Grants('[]').refusal(dev, target('log', 'any'))).toBeDefined();
    const nowhere = new Grants('[{"users":["*"],"may":["log"],"pods":[]}]');
    expect(nowhere.refusal(ann, target('log', 'any'))).toBeDefined();
  });

  it('[ED4] patterns match as their stars say', () => {
    const reference = (pattern: string) => new RegExp(`^${pattern.split('*').map(literally).join('[^]*')}$`);
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(name, pattern, (pod, pods) => {
        const some = new Grants(JSON.stringify([{ users: ['*'], may: ['log'], pods: [pods] }]));
        expect(some.sees(ann, { cluster: 'c', pod })).toBe(reference(pods).test(pod));
      }),
      pinned(5, 2000),
    );
  });

  it.each([
    ['', 'no JSON'],
    ['{}', 'no JSON array'],
    ['[7]', 'grant 1 is no object'],
    ['[{"may":["log"]}]', 'names no users and no groups'],
    ['[{"users":["ann"]}]', 'no list of names in "may"'],
    ['[{"users":["ann"],"may":["delete"]}]', 'none of exec, attach, log'],
    ['[{"users":"ann","may":["log"]}]', 'no list of names in "users"'],
    ['[{"users":["ann"],"may":["log"],"pods":null}]', 'no list of names in "pods"'],
    ['[{"users":["ann"],"may":["log"],"namespace":["a"]}]', 'a field "namespace", which is not known'],
    ['[{"users":["ann"],"may":["log"]},{"users":[""],"may":["log"]}]', 'grant 2'],
  ])('[ED4] does not start with %s', (text, why) => {
    expect(() => new Grants(text)).toThrow(why);
  });
});

function literally(text: string): string {
  return text.replace(/[-]/g, '\\-');
}
