import type { ContainerRow, PodRow } from '../api.ts';
import { element } from '../element.ts';
import { attachLink, logLink, terminalLink } from '../target-from-url.ts';
import type { ColumnRow } from './picker-column.ts';

type Tone = 'good' | 'busy' | 'bad' | 'over';

/** A pod is a heading and a row for each of its containers; each container has its two ways in. */
export function podRows(cluster: string, namespace: string, pod: PodRow): ColumnRow[] {
  const state = podState(pod);
  const containers = pod.containers.map((container) => containerRow(cluster, namespace, pod, container));
  const root = element(
    'li',
    { class: 'pod', 'data-testid': 'pod-row', 'data-pod': pod.name },
    element(
      'div',
      { class: 'pod-name' },
      element('span', { class: 'name', title: pod.name }, pod.name),
      stateBadge(state.text, state.tone),
    ),
    element('ul', { class: 'containers', 'aria-label': `Containers of ${pod.name}` }, ...containers.map((row) => row.root)),
  );
  return containers.map((row) => ({ key: `${pod.name}/${row.name}`, root, targets: row.targets }));
}

function containerRow(
  cluster: string,
  namespace: string,
  pod: PodRow,
  container: ContainerRow,
): { name: string; root: HTMLElement; targets: HTMLElement[] } {
  const place = { cluster, namespace, pod: pod.name, container: container.name };
  const link = (label: string, href: string, testid: string) =>
    element('a', { class: 'way', href, 'data-testid': testid, 'aria-label': `${label} of ${container.name} in ${pod.name}` }, label);
  const shell = link('Shell', terminalLink(place), 'open-shell');
  // It may run by the time it is asked for; if not, the page says what the cluster says.
  if (container.state !== 'running') shell.classList.add('unlikely');
  const { attach } = container;
  const joining = attach ? [link('Attach', attachLink(place, attach === 'terminal'), 'open-attach')] : [];
  const log = link('Log', logLink(place), 'open-log');
  const kind = container.kind === 'container' ? undefined : element('span', { class: 'kind' }, container.kind);
  const root = element(
    'li',
    { class: 'container', 'data-testid': 'container-row', 'data-container': container.name },
    element('span', { class: 'name', title: container.name }, container.name),
    kind,
    stateBadge(container.reason || container.state, containerTone(container)),
    element('span', { class: 'ways' }, shell, ...joining, log),
  );
  return { name: container.name, root, targets: [shell, ...joining, log] };
}

function stateBadge(text: string, tone: Tone): HTMLElement {
  return element('span', { class: 'state', 'data-tone': tone, 'data-testid': 'state' }, text);
}

/** The phase, with the reason that the pod or one of its containers gives for not running. */
function podState(pod: PodRow): { text: string; tone: Tone } {
  const stuck = pod.containers.find((container) => container.state === 'waiting' && container.reason !== '');
  const reason = pod.reason || (stuck?.reason ?? '');
  const text = reason === '' || reason === pod.phase ? pod.phase : `${pod.phase}: ${reason}`;
  if (pod.phase === 'Failed' || /Err|BackOff|Evicted/.test(reason)) return { text, tone: 'bad' };
  if (pod.phase === 'Running') return { text, tone: reason === '' ? 'good' : 'busy' };
  return { text, tone: pod.phase === 'Succeeded' ? 'over' : 'busy' };
}

function containerTone(container: ContainerRow): Tone {
  if (/Err|BackOff|OOM/.test(container.reason)) return 'bad';
  if (container.state === 'running') return container.ready || container.kind !== 'container' ? 'good' : 'busy';
  return container.state === 'waiting' ? 'busy' : 'over';
}
