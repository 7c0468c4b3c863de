/** A pod as the picker shows it. */
export interface PodSummary {
  readonly name: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`; `Terminating` when it is being deleted. */
  readonly phase: string;
  readonly reason?: string;
  readonly containers: readonly ContainerSummary[];
}

interface ContainerSummary {
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
  /** Why it is not running, if it is known: `CrashLoopBackOff`, `Completed`, … */
  readonly reason?: string;
  readonly state: 'running' | 'waiting' | 'terminated' | 'unknown';
  readonly ready: boolean;
  /** What attaching to its main process gives: its terminal, its input, or absent: nothing but its output. */
  readonly attach?: 'terminal' | 'input';
}

export type JsonObject = { readonly [key: string]: unknown };

/** Reads what is there; a field that is missing or of another type is empty. */
export function podSummary(value: unknown): PodSummary {
  const pod = jsonObject(value);
  const spec = jsonObject(pod['spec']);
  const status = jsonObject(pod['status']);
  const reason = text(status['reason']);
  const deleted = jsonObject(pod['metadata'])['deletionTimestamp'] !== undefined;
  return {
    name: nameOf(pod),
    phase: deleted ? 'Terminating' : text(status['phase']) || 'Unknown',
    ...(reason === '' ? {} : { reason }),
    containers: [
      ...containers('container', spec['containers'], status['containerStatuses']),
      ...containers('init', spec['initContainers'], status['initContainerStatuses']),
      ...containers('ephemeral', spec['ephemeralContainers'], status['ephemeralContainerStatuses']),
    ],
  };
}

function containers(kind: ContainerSummary['kind'], specs: unknown, statuses: unknown): ContainerSummary[] {
  const byName = new Map(list(statuses).map((status) => [text(status['name']), status]));
  return list(specs).map((spec) => {
    const name = text(spec['name']);
    const status = byName.get(name);
    const states = jsonObject(status?.['state']);
    const state = stateNames.find((candidate) => states[candidate] !== undefined) ?? 'unknown';
    const reason = text(jsonObject(states[state])['reason']);
    const ready = status?.['ready'] === true;
    return { name, kind, state, ready, ...(reason === '' ? {} : { reason }), ...attachable(spec) };
  });
}

/** Its input has to be open; whether it is a terminal is the container's own setting, and has to be asked for as it is. */
function attachable(spec: JsonObject): Pick<ContainerSummary, 'attach'> {
  if (spec['stdin'] !== true) return {};
  return { attach: spec['tty'] === true ? 'terminal' : 'input' };
}

export function nameOf(value: JsonObject): string {
  return text(jsonObject(value['metadata'])['name']);
}

export function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(jsonObject) : [];
}

export function jsonObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const stateNames = ['running', 'waiting', 'terminated'] as const;
