import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { Compose } from './compose.ts';
import { DeployedShell, type SignedIn, signIn } from './deployed-shell.ts';

/**
 * docs/deploy-compose.md, done: starts the composition, opens shells through the balancer, resumes one on another edge, adds an edge,
 * kills one, and says what it saw. Needs an engine and the image (`docker compose build`); not part of `npm test`.
 *
 *     npx tsx test/deploy/walk-through.ts [port]
 */
const port = Number(process.argv[2] ?? 18080);
const shellsAtOnce = 12;

const compose = new Compose(fileURLToPath(new URL('../..', import.meta.url)), 'poseidon-walk', port);

function say(text: string): void {
  process.stdout.write(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
}

function expect(truth: boolean, what: string): void {
  if (!truth) throw new Error(`not so: ${what}`);
}

async function openShells(who: SignedIn, cluster: string, count: number): Promise<DeployedShell[]> {
  return Promise.all(Array.from({ length: count }, () => DeployedShell.open(who, cluster)));
}

function spread(shells: readonly DeployedShell[]): string {
  const counts = new Map<string, number>();
  for (const { edge = 'none' } of shells) counts.set(edge, (counts.get(edge) ?? 0) + 1);
  return [...counts].map(([edge, count]) => `${count} on ${edge}`).join(', ');
}

function faults(shells: readonly DeployedShell[]): number {
  return shells.reduce((sum, { state: { faults: f, notSentBytes } }) => sum + f.mismatches + f.gaps + f.rewinds + notSentBytes, 0);
}

async function firstCluster({ url, cookie }: SignedIn): Promise<string> {
  const answer = (await (await fetch(`${url}/v1/clusters`, { headers: { cookie } })).json()) as unknown;
  const clusters = (Array.isArray(answer) ? answer : (answer as { clusters: unknown[] }).clusters) as { id: string }[];
  return clusters[0]?.id ?? '';
}

async function walk(): Promise<void> {
  say(await compose.find());
  await compose.do('up', '-d', '--scale', 'edge=3', '--scale', 'worker=2');
  const link = await compose.do('run', '--rm', '-T', 'secrets', 'link');
  const who = await until(() => signIn(link).catch(() => undefined), { withinMs: 60_000, what: 'a sign-in through the balancer' });
  say(`up, signed in at ${who.url}`);
  const cluster = await firstCluster(who);

  const shells = await openShells(who, cluster, shellsAtOnce);
  say(`${shells.length} shells said héllo 42: ${spread(shells)}`);
  expect(new Set(shells.map(({ edge }) => edge)).size > 1, 'more than one edge has sockets');

  const [walker] = shells as [DeployedShell];
  await walker.says('here=$$; echo kept $here', 'kept ');
  const first = walker.edge;
  let cuts = 0;
  while (walker.edge === undefined || walker.edge === first) {
    const { connects } = walker;
    walker.cut();
    cuts++;
    await until(() => walker.connects > connects && walker.edge !== undefined, { what: 'a resumed socket' });
  }
  await walker.says('[ "$here" = $$ ] && echo same she""ll', 'same shell');
  say(`resumed on ${walker.edge} instead of ${first} after ${cuts} cuts, in the same shell, ${faults(shells)} faults`);

  const before = await compose.containers('edge');
  await compose.do('up', '-d', '--no-recreate', '--scale', 'edge=4', '--scale', 'worker=2');
  const added = (await compose.containers('edge')).find((id) => !before.includes(id));
  const scaledAt = performance.now();
  await until(
    async () => {
      shells.push(await DeployedShell.open(who, cluster));
      return shells.at(-1)?.edge?.includes(added ?? '-');
    },
    { withinMs: 30_000, what: 'a socket on the added edge' },
  );
  say(`edge ${added} was added and took a socket after ${((performance.now() - scaledAt) / 1000).toFixed(1)} s: ${spread(shells)}`);

  const [victim = ''] = shells.map(({ edge = '' }) => edge).sort((a, b) => held(b) - held(a));
  function held(edge: string): number {
    return shells.filter((shell) => shell.edge === edge).length;
  }
  const hit = shells.filter(({ edge }) => edge === victim);
  const container = (await compose.containers('edge')).find((id) => victim.includes(id)) ?? victim;
  const killedAt = performance.now();
  await compose.kill(container);
  await until(() => hit.every(({ edge }) => edge !== undefined && edge !== victim), {
    withinMs: 60_000,
    what: 'all shells on other edges',
  });
  say(`edge ${victim} was killed with ${hit.length} sockets; all on others after ${((performance.now() - killedAt) / 1000).toFixed(2)} s`);
  await Promise.all(shells.map((shell) => shell.says('echo still $((6*7))', 'still 42')));
  say(`all ${shells.length} shells said still 42: ${spread(shells)}; ${faults(shells)} faults`);
  expect(faults(shells) === 0, 'no byte was lost, repeated or out of order');

  await Promise.all(shells.map((shell) => shell.end()));
  say('all sessions ended');
}

try {
  await walk();
  say('passed');
} catch (failure) {
  say(`FAILED: ${failure instanceof Error ? failure.message : String(failure)}`);
  say(await compose.do('logs', '--tail', '40', '--no-color').catch(String));
  process.exitCode = 1;
} finally {
  await compose.do('down', '-v');
  say('down');
}
process.exit();
