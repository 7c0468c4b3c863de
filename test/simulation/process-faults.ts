import { leaseMs } from '../../src/session/lease-time.ts';
import type { Strike } from './page-faults.ts';
import type { SimEdge } from './sim-edge.ts';
import type { SimWorker } from './sim-worker.ts';
import type { World } from './world.ts';

export function killEdge(world: World, edge: World['edges'][number]): void {
  world.edges.splice(world.edges.indexOf(edge), 1);
  edge.process.kill();
  world.broker.died(edge.process);
  const told = world.random.chance(0.8);
  for (const connection of [...world.connections]) if (connection.edge === edge) connection.edgeDied(told);
}

export function killWorker(world: World, worker: World['workers'][number]): void {
  world.workersLost++;
  world.workers.splice(world.workers.indexOf(worker), 1);
  worker.process.kill();
  world.broker.died(worker.process);
}

/** SIGTERM as an edge's process does it: its browsers are sent elsewhere over a while, new ones are refused, then it exits (ED3). */
export function drainEdge(world: World, edge: SimEdge): void {
  const { random, scheduler } = world;
  if (random.chance(0.7)) world.addEdge();
  const overMs = random.between(100, 5_000);
  void edge.drain(overMs).then(() => {
    if (!world.edges.includes(edge)) return;
    // The balancer may go on sending browsers for a while.
    scheduler.after(random.between(0, 1_000), () => {
      if (!world.edges.includes(edge)) return;
      world.saw('an edge has sent its browsers elsewhere');
      edge.close();
      killEdge(world, edge);
      if (world.edges.length < 2) world.addEdge();
    });
  });
}

/** SIGTERM as a worker's process does it: nothing new is taken, sessions may end, what is left ends declared, then it exits (ED3). */
export function drainWorker(world: World, worker: SimWorker): void {
  const { random, scheduler } = world;
  world.addWorker();
  void worker.pool.drain();
  scheduler.after(random.between(0, 10_000), async () => {
    if (!world.workers.includes(worker)) return;
    if (worker.pool.sessions > 0) world.saw('a worker that goes away ends its sessions');
    world.workersLost++;
    await worker.pool.close();
    if (world.workers.includes(worker)) killWorker(world, worker);
  });
}

/** All that a server remembers of a session. */
const mostWrites = 64;

/** A worker stands still for about as long as a lease is good for, by itself or with its machine; its connection may break meanwhile, processes may exit. */
export function standStill(world: World, worker: SimWorker, suspended: boolean): Strike {
  const { random, scheduler } = world;
  const forMs = random.between(0.5 * leaseMs, 1.4 * leaseMs);
  const run = () => {
    world.workersLost++;
    if (suspended) worker.process.suspend();
    else worker.process.stop();
    if (random.chance(0.5)) scheduler.after(random.between(0, forMs), () => world.broker.breakLink(worker.process));
    for (const upstream of world.upstreams)
      if (upstream.incarnation.worker === worker.name && random.chance(0.3))
        scheduler.after(random.between(0, forMs), () => upstream.exit(random.whole(0, 255)));
    scheduler.after(forMs, () => worker.process.wake());
  };
  return { name: `${worker.name} for ${forMs.toFixed(0)} ms`, run };
}

/** Right after an heir has taken a dead worker's session it stands still, and the dead one wakes up. */
export function heirStops(world: World, heir: string): void {
  const { random, scheduler } = world;
  if (!world.faulty || !world.profile.heirsStop || !random.chance(0.3)) return;
  const worker = world.workers.find(({ name }) => name === heir);
  if (!worker || worker.process.stopped) return;
  world.note(`${heir} stands still with what it has taken`);
  world.workersLost++;
  worker.process.stop();
  scheduler.after(random.between(200, 20_000), () => worker.process.wake());
  for (const { process } of world.workers) if (process !== worker.process) scheduler.after(random.between(0, 1_000), () => process.wake());
}

/** A worker has just taken an output log: a fail-over loses that and all since, and readers give the lost fence up before its worker is back. */
export function takeLost(world: World, taker: string | undefined): void {
  const { random, scheduler, broker } = world;
  const worker = world.workers.find(({ name }) => name === taker);
  if (!worker || !world.profile.takeLost || !world.faulty || !random.chance(0.7)) return;
  scheduler.after(random.between(400, 1_200), () => {
    world.note(`the take of ${taker} is lost`);
    broker.failOverWithout(worker.process, mostWrites, random.between(3_000, 6_000));
  });
}
