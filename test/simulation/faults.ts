import { alternate, deafDriver, lateResume, pageGone, type Strike } from './page-faults.ts';
import { drainEdge, drainWorker, killEdge, killWorker, standStill } from './process-faults.ts';
import type { FaultName } from './profile.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

/** Lets one thing go wrong. What cannot happen now (nothing to cut, the last edge) does not. */
export function strike(world: World, fault: FaultName): void {
  const { random, scheduler, broker } = world;
  const later = (least: number, most: number, run: () => void) => scheduler.after(random.between(least, most), run);
  const target = applyTo(world, fault);
  if (target === undefined) return;
  world.note(`fault: ${fault} ${target.name}`);
  target.run();

  function applyTo({ connections, edges, workers, sessions, pages }: World, name: FaultName): Strike | undefined {
    switch (name) {
      case 'cut':
      case 'half-open': {
        const open = random.pick([...connections].filter((connection) => connection.open));
        if (!open) return undefined;
        const run = () => (name === 'cut' ? open.cut() : random.chance(0.8) ? open.halfOpen() : open.stall());
        return { name: open.page.name, run };
      }
      case 'edge-kill': {
        const edge = random.pick(edges);
        if (!edge || edges.length < 2) return undefined;
        return {
          name: edge.name,
          run: () => {
            killEdge(world, edge);
            later(200, 4_000, () => world.addEdge());
          },
        };
      }
      case 'edge-drain': {
        const edge = random.pick(edges);
        if (!edge || edges.length < 2) return undefined;
        return { name: edge.name, run: () => drainEdge(world, edge) };
      }
      case 'edge-stop': {
        const edge = random.pick(edges.filter(({ process }) => !process.stopped));
        return edge && { name: edge.name, run: () => stopFor(edge.process, random.chance(0.2) ? 45_000 : random.between(50, 6_000)) };
      }
      case 'reload': {
        const session = random.pick(sessions.filter((each) => each.pages.length > 0));
        const page = session && random.pick(session.pages);
        return page && { name: page.name, run: () => session.reload(page) };
      }
      case 'take-control': {
        const page = random.pick(pages.filter((each) => !each.over && each.session && !each.client.state.driving));
        return page && { name: page.name, run: () => page.client.takeControl() };
      }
      case 'alternate':
        return alternate(world);
      case 'late-resume':
        return lateResume(world);
      case 'deaf-driver':
        return deafDriver(world);
      case 'page-gone':
        return pageGone(world);
      case 'skip': {
        const page = random.pick(pages.filter((each) => each.client.state.driving));
        return page && { name: page.name, run: () => page.skip() };
      }
      case 'hide': {
        const page = random.pick(pages);
        return page && { name: page.name, run: () => page.hideFor(random.between(100, 8_000)) };
      }
      case 'end-request': {
        const page = random.pick(pages.filter((each) => each.client.state.driving));
        return page && random.chance(0.3) ? { name: page.name, run: () => page.end() } : undefined;
      }
      case 'slow-page':
      case 'stuck-page': {
        const page = random.pick(pages);
        if (!page) return undefined;
        return {
          name: page.name,
          run: () => {
            const stuck = name === 'stuck-page';
            page.terminal.parseRate = stuck ? 100 : random.between(500, 20_000);
            later(500, stuck ? 15_000 : 8_000, () => {
              page.terminal.parseRate = page.usualRate;
            });
          },
        };
      }
      case 'link-break': {
        const link = random.pick(broker.links);
        return link && { name: link.process.name, run: () => link.below.break() };
      }
      case 'subscription-break': {
        const link = random.pick(broker.links);
        return link && { name: link.process.name, run: () => link.breakOne((count) => random.below(count)) };
      }
      case 'broker-out-long':
        return {
          name: '',
          run: () => {
            broker.out();
            later(8_000, 40_000, () => broker.back());
          },
        };
      case 'broker-out':
        return {
          name: '',
          run: () => {
            broker.out();
            later(100, random.chance(0.1) ? 35_000 : 4_000, () => broker.back());
          },
        };
      case 'broker-frozen':
        return {
          name: '',
          run: () => {
            broker.freeze();
            later(50, 5_000, () => broker.back());
          },
        };
      case 'broker-emptied':
        return broker.timesEmptied >= (world.profile.emptied ?? 1) ? undefined : { name: '', run: () => broker.empty() };
      case 'keys-expire':
        return broker.timesEmptied >= (world.profile.emptied ?? 1) ? undefined : { name: '', run: () => broker.expire() };
      case 'fail-over': {
        const most = random.pick([0, 1, 2, 5, 20, 60]) ?? 1;
        return { name: `-${most}`, run: () => broker.failOver(() => random.whole(0, most), random.chance(0.3)) };
      }
      case 'fail-over-to-replica':
        return { name: '', run: () => broker.failOverToReplica() };
      case 'trim': {
        const session = random.pick(sessions.map((each) => each.saved?.session).filter((id) => id !== undefined));
        return session === undefined ? undefined : { name: session, run: () => broker.trimSome(session) };
      }
      case 'worker-kill': {
        const worker = random.pick(workers);
        if (!worker) return undefined;
        return {
          name: worker.name,
          run: () => {
            killWorker(world, worker);
            later(200, 4_000, () => world.addWorker());
          },
        };
      }
      case 'worker-gone': {
        const worker = random.pick(workers);
        if (!worker || workers.length < 2) return undefined;
        return { name: worker.name, run: () => killWorker(world, worker) };
      }
      case 'worker-suspend':
      case 'worker-stop-lease': {
        const worker = random.pick(workers.filter(({ process }) => !process.stopped));
        return worker && standStill(world, worker, name === 'worker-suspend');
      }
      case 'worker-stop': {
        const worker = random.pick(workers.filter(({ process }) => !process.stopped));
        if (!worker) return undefined;
        const forMs = random.chance(0.5) ? random.between(100, 9_000) : random.between(9_000, 60_000);
        return {
          name: `${worker.name} for ${forMs.toFixed(0)} ms`,
          run: () => {
            world.workersLost++;
            stopFor(worker.process, forMs);
          },
        };
      }
      case 'worker-drain': {
        const worker = random.pick(workers.filter(({ process }) => !process.stopped));
        if (!worker || workers.length < 2) return undefined;
        return { name: worker.name, run: () => drainWorker(world, worker) };
      }
      case 'clock-jump': {
        const process = random.pick(world.processes);
        const jump = random.pick([-3_600_000, -10_000, -100, 100, 4_000, 12_000, 3_600_000]) ?? 0;
        return process && { name: `${process.name} by ${jump} ms`, run: () => jumpClock(process, jump) };
      }
    }
  }

  function jumpClock(process: SimProcess, byMs: number): void {
    if (process === broker.process) world.saw('the server’s clock jumps');
    process.jump(byMs);
  }

  function stopFor(process: { stop(): void; wake(): void }, forMs: number): void {
    process.stop();
    later(forMs, forMs, () => process.wake());
  }
}

/** Everything works again: processes run, servers answer, there is an edge and a worker. */
export function heal(world: World): void {
  world.faulty = false;
  world.healedAtMs = world.scheduler.nowMs;
  world.note('healed');
  world.broker.back();
  for (const process of world.processes) process.wake();
  if (world.edges.length === 0) world.addEdge();
  if (world.workers.length === 0) world.addWorker();
  for (const page of world.pages) page.terminal.parseRate = 20_000_000;
}
