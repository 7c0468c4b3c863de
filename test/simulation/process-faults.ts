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
