import { parseTarget } from '../../protocol/target.ts';
import { failure, json } from './answers.ts';
import type { Picker } from './picker.ts';
import type { Params, Route } from './route.ts';

/** The longest a page waits for a list. */
const listTimeoutMs = 25_000;

export function pickerRoutes(picker: Picker): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/clusters',
      access: 'user',
      answer: async (_request, user) => json(200, { clusters: await picker.clusters(user, AbortSignal.timeout(listTimeoutMs)) }),
    },
    {
      method: 'GET',
      path: '/v1/clusters/:cluster/namespaces',
      access: 'user',
      answer: async (_request, user, params) => {
        const { cluster, problem } = place(params);
        if (problem) return failure(400, 'bad-name', `${problem}.`);
        return json(200, { namespaces: await picker.namespaces(user, cluster, AbortSignal.timeout(listTimeoutMs)) });
      },
    },
    {
      method: 'GET',
      path: '/v1/clusters/:cluster/namespaces/:namespace/pods',
      access: 'user',
      answer: async (_request, user, params) => {
        const { cluster, namespace, problem } = place(params);
        if (problem) return failure(400, 'bad-name', `${problem}.`);
        return json(200, { pods: await picker.pods(user, cluster, namespace, AbortSignal.timeout(listTimeoutMs)) });
      },
    },
  ];
}

/** The names as a target's are checked (UP7). */
function place({ cluster = '', namespace = 'default' }: Params): { cluster: string; namespace: string; problem: string | undefined } {
  const parsed = parseTarget({ kind: 'exec', cluster, namespace, pod: 'any' });
  return { cluster, namespace, problem: typeof parsed === 'string' ? parsed : undefined };
}
