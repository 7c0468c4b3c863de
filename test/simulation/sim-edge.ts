import { createHash } from 'node:crypto';
import type { BrowserSocket, SocketEvents } from '../../src/edge/listener.ts';
import { RelayDoor } from '../../src/edge/relay/relay-door.ts';
import { SharedParts } from '../../src/edge/relay/shared-parts.ts';
import { crc32 } from '../../src/protocol/crc32.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

const user = { subject: 'user', name: 'user', groups: [], credential: undefined, expiresAtMs: undefined };

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** One edge process: the production door with a broker client of its own. */
export class SimEdge {
  readonly name: string;
  readonly process: SimProcess;
  readonly #door: RelayDoor;

  constructor(world: World, name: string) {
    this.name = name;
    this.process = world.newProcess(name);
    const random = world.random.fork();
    const { clock } = this.process;
    const broker = world.broker.connect(this.process);
    const log = (event: string, fields: object) => world.note(`${name}: ${event} ${JSON.stringify(fields)}`);
    this.#door = new RelayDoor({
      edge: name,
      broker,
      clock,
      random,
      shared: new SharedParts({ broker, clock, log, maxSockets: 1000, maxSubjectSockets: 1000 }),
      crc32,
      newId: (length) => Array.from(random.bytes(length), (byte) => letters[byte & 63]).join(''),
      hash: (text) => createHash('sha256').update(text).digest('hex'),
      mayResume: async () => true,
      log,
    });
  }

  accept(socket: BrowserSocket): SocketEvents {
    return this.#door.accept(socket, { user, again: async () => user });
  }

  drain(overMs: number): Promise<void> {
    return this.#door.drain(overMs);
  }

  close(): void {
    this.#door.close();
  }
}
