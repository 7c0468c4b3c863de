import { crc32 } from '../../protocol/crc32.ts';
import { encodeUtf8 } from '../../protocol/utf8.ts';
import { type JsonObject, jsonObject, list, text } from './pod-summary.ts';

/** One run of a container, from its start to its end. */
export interface ContainerRun {
  /** The CRC-32 of the container's id, never 0. */
  readonly id: number;
  readonly running: boolean;
  readonly exitCode: number | undefined;
}

/** What a pod says of one of its containers now. */
export interface ContainerLook {
  /** The newest run; undefined: there has been none. */
  readonly current: ContainerRun | undefined;
  /** The run before that, as far as it is kept. */
  readonly previous: ContainerRun | undefined;
  /** What has ended is started again. */
  readonly restarts: boolean;
  /** Nothing runs in this pod any more. */
  readonly podOver: boolean;
}

/** @param container empty: the only one */
export function containerLook(pod: JsonObject, container: string): ContainerLook {
  const [spec, status] = [jsonObject(pod['spec']), jsonObject(pod['status'])];
  const name = container === '' ? text(list(spec['containers'])[0]?.['name']) : container;
  const phase = text(status['phase']);
  const podOver = phase === 'Succeeded' || phase === 'Failed';
  for (const [specs, statuses, kind] of kinds) {
    const found = list(spec[specs]).find((one) => text(one['name']) === name);
    if (!found) continue;
    const runs = runsOf(list(status[statuses]).find((one) => text(one['name']) === name));
    const deleted = jsonObject(pod['metadata'])['deletionTimestamp'] !== undefined;
    const policy =
      text(found['restartPolicy']) || (kind === 'ephemeral' ? 'Never' : kind === 'init' ? 'OnFailure' : text(spec['restartPolicy']));
    const again = policy === 'Always' || (policy === 'OnFailure' && runs.current?.exitCode !== 0);
    return { ...runs, restarts: again && !podOver && !deleted, podOver };
  }
  return { current: undefined, previous: undefined, restarts: false, podOver };
}

const kinds = [
  ['containers', 'containerStatuses', 'regular'],
  ['initContainers', 'initContainerStatuses', 'init'],
  ['ephemeralContainers', 'ephemeralContainerStatuses', 'ephemeral'],
] as const;

function runsOf(status: JsonObject | undefined): Pick<ContainerLook, 'current' | 'previous'> {
  const { running, terminated } = jsonObject(status?.['state']);
  const last = jsonObject(status?.['lastState'])['terminated'];
  const previous = last === undefined ? undefined : run(text(jsonObject(last)['containerID']), jsonObject(last));
  if (running !== undefined) return { current: run(text(status?.['containerID']), undefined), previous };
  if (terminated === undefined) return { current: previous, previous: undefined };
  return { current: run(text(jsonObject(terminated)['containerID']) || text(status?.['containerID']), jsonObject(terminated)), previous };
}

function run(id: string, ended: JsonObject | undefined): ContainerRun | undefined {
  if (id === '') return undefined;
  const code = ended?.['exitCode'];
  return { id: crc32(encodeUtf8(id), 0) || 1, running: !ended, exitCode: typeof code === 'number' ? code : undefined };
}
