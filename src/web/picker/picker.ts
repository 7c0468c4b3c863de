import { ApiFailure } from '../../addon/relay-request.ts';
import type { Api, ClusterRow, PodRow } from '../api.ts';
import { element, trident } from '../element.ts';
import type { SignIn } from '../sign-in.ts';
import { matchesFilter } from './filter.ts';
import { type ColumnRow, PickerColumn } from './picker-column.ts';
import { podRows } from './pod-rows.ts';

/** How often a picker that is seen asks again for the pods of the chosen namespace. */
const refreshMs = 4000;

/** What a column holds: rows, or why there are none. */
interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly message: string;
}

const nothing = { rows: [], message: '' };
const loading = { rows: [], message: 'Loading …' };

/** Clusters, their namespaces, their pods: three columns, the choice kept in the address so that it can be shared and gone back to. */
export class Picker {
  readonly #api: Api;
  readonly #signIn: SignIn;
  readonly #clusterColumn = new PickerColumn('Clusters', 'clusters', () => this.#drawClusters());
  readonly #namespaceColumn = new PickerColumn('Namespaces', 'namespaces', () => this.#drawNamespaces());
  readonly #podColumn = new PickerColumn('Pods', 'pods', () => this.#drawPods());
  #clusters: Listed<ClusterRow> = loading;
  #namespaces: Listed<string> = nothing;
  #pods: Listed<PodRow> = nothing;
  #cluster = '';
  #namespace = '';

  constructor(api: Api, signIn: SignIn) {
    this.#api = api;
    this.#signIn = signIn;
    this.#clusterColumn.right = this.#namespaceColumn;
    this.#namespaceColumn.left = this.#clusterColumn;
    this.#namespaceColumn.right = this.#podColumn;
    this.#podColumn.left = this.#namespaceColumn;
  }

  async start(): Promise<void> {
    document.title = 'Poseidon';
    document.body.className = 'picker-page';
    document.body.replaceChildren(
      element(
        'header',
        { class: 'page-header' },
        element('a', { class: 'home', href: '/', 'aria-label': 'Poseidon' }, trident(), element('span', {}, 'Poseidon')),
        element('p', { class: 'hint' }, 'Type to filter · arrows to move · Enter to open'),
      ),
      element(
        'main',
        { class: 'columns', 'data-testid': 'picker' },
        this.#clusterColumn.root,
        this.#namespaceColumn.root,
        this.#podColumn.root,
      ),
    );
    this.#drawClusters();
    window.addEventListener('popstate', () => void this.#fromAddress());
    this.#clusters = await this.#ask(() => this.#api.clusters(), 'No clusters.');
    this.#drawClusters();
    await this.#fromAddress();
    this.#refreshLater();
  }

  async #fromAddress(): Promise<void> {
    const query = new URLSearchParams(location.search);
    const only = this.#clusters.rows.length === 1 ? this.#clusters.rows[0]?.id : undefined;
    await this.#chooseCluster(query.get('cluster') ?? only ?? '', query.get('namespace') ?? '', false);
    if (this.#namespace !== '') this.#podColumn.focusFilter();
    else if (this.#cluster !== '') this.#namespaceColumn.focusFilter();
    else this.#clusterColumn.focusFilter();
  }

  async #chooseCluster(cluster: string, namespace: string, push: boolean): Promise<void> {
    this.#cluster = cluster;
    this.#namespaces = cluster === '' ? nothing : loading;
    this.#namespaceColumn.clearFilter();
    this.#drawClusters();
    this.#drawNamespaces();
    void this.#chooseNamespace(namespace, push);
    if (cluster === '') return;
    const namespaces = await this.#ask(() => this.#api.namespaces(cluster), 'No namespaces.');
    if (cluster !== this.#cluster) return;
    this.#namespaces = namespaces;
    this.#drawNamespaces();
  }

  async #chooseNamespace(namespace: string, push: boolean): Promise<void> {
    this.#namespace = namespace;
    this.#pods = namespace === '' ? nothing : loading;
    this.#podColumn.clearFilter();
    if (push) this.#toAddress();
    this.#drawNamespaces();
    this.#drawPods();
    await this.#loadPods();
  }

  async #loadPods(): Promise<void> {
    const [cluster, namespace] = [this.#cluster, this.#namespace];
    if (namespace === '') return;
    const pods = await this.#ask(() => this.#api.pods(cluster, namespace), 'No pods in this namespace.');
    if (cluster !== this.#cluster || namespace !== this.#namespace) return;
    // The same answer again must not disturb a reader or the focus.
    if (JSON.stringify(pods) === JSON.stringify(this.#pods)) return;
    this.#pods = pods;
    this.#drawPods();
  }

  #refreshLater(): void {
    setTimeout(async () => {
      if (document.visibilityState === 'visible') await this.#loadPods();
      this.#refreshLater();
    }, refreshMs);
  }

  #toAddress(): void {
    const query = new URLSearchParams({ cluster: this.#cluster, ...(this.#namespace === '' ? {} : { namespace: this.#namespace }) });
    history.pushState(null, '', `/?${query}`);
  }

  async #ask<Row>(question: () => Promise<Row[]>, none: string): Promise<Listed<Row>> {
    for (;;) {
      try {
        const rows = await question();
        return { rows, message: rows.length === 0 ? none : '' };
      } catch (failure) {
        if (!(failure instanceof ApiFailure)) throw failure;
        if (failure.status !== 401) return { rows: [], message: [failure.message, failure.hint].filter((part) => part !== '').join(' ') };
        await this.#signIn.ask();
      }
    }
  }

  #drawClusters(): void {
    const rows = this.#clusters.rows.filter((cluster) => matchesFilter(this.#clusterColumn.filter, cluster.name, cluster.id));
    const choose = (id: string) => void this.#chooseCluster(id, '', true).then(() => this.#namespaceColumn.focusFilter());
    const shown = rows.map((cluster) =>
      choice(cluster.id, cluster.name, cluster.id === this.#cluster, 'cluster-row', choose, cluster.state),
    );
    this.#clusterColumn.show(shown, { shown: rows.length, all: this.#clusters.rows.length }, this.#clusters.message);
  }

  #drawNamespaces(): void {
    const rows = this.#namespaces.rows.filter((name) => matchesFilter(this.#namespaceColumn.filter, name));
    const choose = (name: string) => {
      this.#podColumn.focusFilter();
      void this.#chooseNamespace(name, true);
    };
    const shown = rows.map((name) => choice(name, name, name === this.#namespace, 'namespace-row', choose));
    const message = this.#cluster === '' ? 'Choose a cluster.' : this.#namespaces.message;
    this.#namespaceColumn.show(shown, { shown: rows.length, all: this.#namespaces.rows.length }, message);
  }

  #drawPods(): void {
    const names = (pod: PodRow) => pod.containers.map((container) => container.name);
    const rows = this.#pods.rows.filter((pod) => matchesFilter(this.#podColumn.filter, pod.name, pod.phase, ...names(pod)));
    const message = this.#namespace === '' ? 'Choose a namespace.' : this.#pods.message;
    const shown = rows.flatMap((pod) => podRows(this.#cluster, this.#namespace, pod));
    this.#podColumn.show(shown, { shown: rows.length, all: this.#pods.rows.length }, message);
  }
}

/** @param state shown beside the label; one that is given is no good news, though some pass */
function choice(key: string, label: string, chosen: boolean, testid: string, choose: (key: string) => void, state = ''): ColumnRow {
  const badge =
    state === ''
      ? undefined
      : element('span', { class: 'state', 'data-tone': /ing$/.test(state) ? 'busy' : 'bad', 'data-testid': 'state' }, state);
  const attributes = { type: 'button', class: 'choice', 'aria-current': chosen ? 'true' : undefined, title: label };
  const target = element('button', attributes, label, badge && ' ', badge);
  target.addEventListener('click', () => choose(key));
  return { key, root: element('li', { 'data-testid': testid, 'data-key': key }, target), targets: [target] };
}
