import { killEdge } from './process-faults.ts';
import { twoDrive } from './settled.ts';
import type { SimPage } from './sim-page.ts';
import type { SimSession } from './sim-session.ts';
import type { World } from './world.ts';

/** A worker gives a silent driver up after five seconds, and who waits for that is told of it for eight (DR2). */
const probedMs = 9_000;
const soonMs = 3_000;
/** After so much silence an edge gives a socket up (DR2). */
const socketDeadMs = 41_000;

type Wait = (boundMs: number, missing: () => string | undefined) => Promise<void>;

/** Nothing goes wrong any more but that the driver leaves: closed, gone with its edge, or silent for long. Whoever comes next drives (DR2). */
export async function handOver(world: World, wait: Wait): Promise<void> {
  const { random, truth, scheduler } = world;
  const session = random.pick(world.sessions);
  const before = session?.pages.find((page) => !page.over && page.client.state.driving);
  if (!session || !before) return;
  const driver = session.pages.find((page) => page !== before && page.attached && page.session === before.session) ?? before;
  if (driver !== before) driver.client.takeControl();
  await wait(
    soonMs,
    () => twoDrive(session) ?? (driver.client.state.driving || driver.over ? undefined : `${driver.name} does not drive (DR1)`),
  );
  if (truth.violation || driver.over) return;
  const how = random.pick(['closed', 'gone with its edge', 'silent'] as const) ?? 'closed';
  world.note(`${driver.name}, which drives, is ${how}`);
  const connection = driver.connections.find(({ open }) => open);
  session.leave(driver, how === 'closed');
  if (how === 'gone with its edge' && connection) {
    killEdge(world, connection.edge);
    if (world.edges.length === 0) world.addEdge();
  }
  const leftMs = scheduler.nowMs + (how === 'silent' ? socketDeadMs : 1_000);
  await wait(leftMs, () => (scheduler.nowMs < leftMs ? 'time' : undefined));
  if (truth.violation) return;
  if (connection?.heldByEdge && how === 'silent') return truth.fail(`${connection.edge.name} keeps the socket of ${driver.name} (DR2)`);
  const next = session.join();
  if (next) await wait(how === 'gone with its edge' ? probedMs : soonMs, () => notDriven(session, driver, next));
}

function notDriven(session: SimSession, before: SimPage, next: SimPage): string | undefined {
  const drives = session.pages.some((page) => page.client.state.driving && page.session === before.session);
  return drives || next.over ? undefined : `nobody drives ${session.name} after ${before.name} has left, and ${next.name} has come (DR2)`;
}
