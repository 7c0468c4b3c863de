import { failure, json } from './answers.ts';
import type { Route } from './route.ts';

/** Why this process should get no new work, as a plain word; undefined: it is ready. */
export type Readiness = () => string | undefined;

/** Asked by balancers and kubelets, which know no names: these stand in front of the guard. */
export function healthRoutes(notReady: Readiness): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', access: 'open', answer: async () => json(200, { status: 'ok' }) },
    {
      method: 'GET',
      path: '/readyz',
      access: 'open',
      answer: async () => {
        const why = notReady();
        return why === undefined ? json(200, { status: 'ready' }) : failure(503, 'not-ready', `Not ready: ${why}.`);
      },
    },
  ];
}
