import type { Scope } from '../base/scope.ts';
import { AdminDoors } from '../edge/admin-doors.ts';
import type { Readiness } from '../edge/http/health-routes.ts';
import { WsListener } from '../edge/listen/ws-listener.ts';
import type { Gauge } from '../telemetry/gauges.ts';
import type { Parts } from './parts.ts';

/** What an operator's address shows of a process. */
interface Watched {
  readonly notReady: Readiness;
  readonly gauges: () => readonly Gauge[];
}

/** Listens for operators when an address for them is given. */
export async function startAdmin({ config, log }: Parts, watched: readonly Watched[], scope: Scope): Promise<void> {
  if (!config.adminListen) return;
  const notReady = () => watched.map((part) => part.notReady()).find((why) => why !== undefined);
  const listener = new WsListener(new AdminDoors(notReady, () => watched.flatMap((part) => part.gauges())));
  const { host, port } = await listener.listen(config.adminListen.host, config.adminListen.port);
  scope.own(() => listener.close());
  log.info({ host, port }, 'admin listens');
}
