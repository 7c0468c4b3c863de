import { crc32 } from '../../src/protocol/crc32.ts';
import type { SessionId, WorkerId } from '../../src/protocol/ids.ts';
import { WorkerPool } from '../../src/worker/pool.ts';
import { LeaseTruth } from './lease-truth.ts';
import type { SimProcess } from './sim-process.ts';
import { SimOpener } from './sim-upstream.ts';
import type { World } from './world.ts';

/** One worker process: the production pool with a broker client of its own. */
export class SimWorker {
  readonly name: string;
  readonly process: SimProcess;
  readonly pool: WorkerPool;

  constructor(world: World, name: string) {
    this.name = name;
    this.process = world.newProcess(name);
    const lease = new LeaseTruth(world, name);
    this.pool = new WorkerPool({
      worker: name as WorkerId,
      broker: lease.watch(world.broker.connect(this.process)),
      opener: new SimOpener(world, this.process, lease),
      clock: this.process.clock,
      random: world.random.fork(),
      crc32,
      unseal: () => undefined,
      maxSessions: 100,
      maxHeldBytes: 64 * 1024 * 1024,
      audit: () => {},
      log: (event, fields) => {
        world.note(`${name}: ${event} ${JSON.stringify(fields)}`);
        if (event === 'session taken') world.truth.claimed(fields['sessionId'] as SessionId);
      },
    });
    void this.pool.start();
  }
}
