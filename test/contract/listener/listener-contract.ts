import { afterEach } from 'vitest';
import { httpContract } from './http-contract.ts';
import { lifeContract } from './life-contract.ts';
import { type CreateListener, Listeners } from './listeners.ts';
import { socketContract } from './socket-contract.ts';
import { upgradeContract } from './upgrade-contract.ts';

/** What both listeners promise (src/edge/listener.ts). */
export function listenerContract(create: CreateListener): void {
  const listeners = new Listeners(create);
  afterEach(() => listeners.close());
  httpContract(listeners);
  upgradeContract(listeners);
  socketContract(listeners);
  lifeContract(listeners);
}
