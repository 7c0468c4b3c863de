import { describe, expect, it } from 'vitest';
import {
  attachLink,
  defaultTailLines,
  logLink,
  logTarget,
  placeTitle,
  terminalLink,
  terminalTarget,
} from '../../src/web/target-from-url.ts';

const place = { cluster: 'local', namespace: 'shop', pod: 'web-0', container: 'app' };
const queryOf = (link: string) => new URL(link, 'http://relay').searchParams;

describe('links', () => {
  it('a terminal link leads back to its container, with the relay’s own choice of shell', () => {
    const linked = terminalTarget(queryOf(terminalLink(place)));
    expect(linked).toEqual({ kind: 'target', target: { kind: 'exec', ...place, command: [], tty: true } });
  });

  it('an attach link asks for the terminal that the container has, or for none', () => {
    for (const tty of [true, false]) {
      const linked = terminalTarget(queryOf(attachLink(place, tty)));
      expect(linked).toEqual({ kind: 'target', target: { kind: 'attach', ...place, tty } });
    }
  });

  it('a command is argv, one part a parameter, as it is', () => {
    const linked = terminalTarget(queryOf(`${terminalLink(place)}&command=sh&command=-c&command=echo%20%22a%20b%22%20%26%26%20ls`));
    expect(linked).toMatchObject({ target: { command: ['sh', '-c', 'echo "a b" && ls'] } });
  });

  it('a log link follows, from the newest lines', () => {
    const linked = logTarget(queryOf(logLink(place)));
    expect(linked).toEqual({
      kind: 'target',
      target: { kind: 'log', ...place, follow: true, previous: false, tailLines: defaultTailLines },
    });
  });

  it('[UP6] a log link may say how much, of which instance, and whether to follow', () => {
    const query = queryOf(`${logLink(place)}&follow=false&previous=true&tailLines=10`);
    expect(logTarget(query)).toMatchObject({ target: { follow: false, previous: true, tailLines: 10 } });
    const since = logTarget(queryOf(`${logLink(place)}&sinceSeconds=60`));
    expect(since).toMatchObject({ target: { sinceSeconds: 60 } });
    expect(since.kind === 'target' && 'tailLines' in since.target).toBe(false);
    const all = logTarget(queryOf(`${logLink(place)}&tailLines=all`));
    expect(all.kind === 'target' && 'tailLines' in all.target).toBe(false);
  });

  it('a link without a pod asks for one', () => {
    expect(terminalTarget(queryOf('/?cluster=local&namespace=shop'))).toEqual({ kind: 'none' });
    expect(logTarget(queryOf('/log.html'))).toEqual({ kind: 'none' });
  });

  it.each([
    ['/terminal?pod=web-0&namespace=shop', 'cluster'],
    ['/terminal?cluster=local&namespace=../secrets&pod=web-0', 'namespace'],
    ['/terminal?cluster=local&namespace=shop&pod=a/b', 'pod'],
    ['/terminal?cluster=local&namespace=shop&pod=web-0&container=A', 'container'],
  ])('[UP7] %s is refused with the field at fault', (link, field) => {
    const linked = terminalTarget(queryOf(link));
    expect(linked.kind).toBe('problem');
    expect(linked.kind === 'problem' && linked.text).toContain(`${field}: not a ${field} name`);
  });

  it('a number that is none is refused', () => {
    expect(logTarget(queryOf(`${logLink(place)}&tailLines=-1`))).toMatchObject({ kind: 'problem' });
  });

  it('the title begins with what tells two tabs apart', () => {
    expect(placeTitle(place)).toBe('app · web-0 · shop');
    expect(placeTitle({ ...place, container: '' })).toBe('web-0 · shop');
  });
});
