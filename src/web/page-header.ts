import { type Child, element, trident } from './element.ts';
import type { Place } from './target-from-url.ts';

/** The bar over a session: home, where it is connected to, and on the right what the page puts there. */
export function pageHeader(place: Place, ...right: readonly Child[]): HTMLElement {
  const parts = [
    ['Cluster', place.cluster],
    ['Namespace', place.namespace],
    ['Pod', place.pod],
    ['Container', place.container],
  ] as const;
  const shown = parts.filter(([, name]) => name !== '');
  return element(
    'header',
    { class: 'page-header' },
    element('a', { class: 'home', href: pickerLink(place), title: 'All pods', 'aria-label': 'All pods' }, trident()),
    element(
      'ol',
      { class: 'place', 'data-testid': 'place' },
      ...shown.map(([what, name]) => element('li', { title: what, class: `place-${what.toLowerCase()}` }, name)),
    ),
    element('div', { class: 'header-right' }, ...right),
  );
}

/** Back to the namespace that this session is in. */
function pickerLink(place: { readonly cluster: string; readonly namespace: string }): string {
  return `/?${new URLSearchParams({ cluster: place.cluster, namespace: place.namespace })}`;
}
