import type { PodPlan } from './pods.ts';

/** Objects as the API server lists them, as far as anybody here reads them. */
export function namespaceList(names: readonly string[]): object {
  return list(
    'NamespaceList',
    names.map((name) => ({ metadata: { name }, status: { phase: 'Active' } })),
  );
}

export function podList(plans: readonly PodPlan[], startedAt: string): object {
  return list(
    'PodList',
    plans.map((plan) => podObject(plan, startedAt)),
  );
}

export function podObject(plan: PodPlan, startedAt: string): object {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: plan.name, namespace: plan.namespace, creationTimestamp: startedAt },
    spec: {
      nodeName: 'this-machine',
      containers: plan.containers.map(({ name, main }) => ({
        name,
        image: 'local/shell',
        ...(main === 'shell' ? { stdin: true, tty: true } : {}),
      })),
    },
    status: {
      phase: 'Running',
      startTime: startedAt,
      containerStatuses: plan.containers.map(({ name }) => ({
        name,
        ready: true,
        restartCount: 0,
        state: { running: { startedAt } },
      })),
    },
  };
}

function list(kind: string, items: readonly object[]): object {
  return { kind, apiVersion: 'v1', metadata: { resourceVersion: '1' }, items };
}
