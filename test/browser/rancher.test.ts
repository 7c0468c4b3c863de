import { describe, expect, it } from 'vitest';
import { PoseidonProcess } from '../bin/poseidon-process.ts';
import { FakeRancher } from '../support/fake-rancher.ts';
import { startKubernetesServer } from '../support/kubernetes-server.ts';
import { Pages } from './pages.ts';
import type { BrowserRelay } from './support.ts';

const clusters = [
  { id: 'c-m-one', name: 'Production', state: 'active' },
  { id: 'c-m-off', name: 'Harbour', state: 'unavailable' },
  { id: 'c-m-new', name: 'Dock', state: 'provisioning' },
];

/** Everything of it is ended in the order in which it was started, backwards. */
async function rancherRelay(): Promise<BrowserRelay> {
  const cluster = await startKubernetesServer();
  const users = new Map([[cluster.token, { id: 'u-relay', clusters: clusters.map(({ id }) => id) }]]);
  const rancher = await FakeRancher.start(cluster.httpUrl, clusters, users);
  const relay = new PoseidonProcess(['--listen', '127.0.0.1:0', '--rancher', rancher.url, '--token-file', cluster.tokenFile]);
  const printed = await relay.printed(/^http:\S+\/#token=\S+$/m);
  const [url = '', accessToken = ''] = printed.split('/#token=');
  return {
    url,
    accessToken,
    shell: { cluster: 'c-m-one', namespace: 'default', pod: 'shell', container: 'main' },
    logger: { cluster: 'c-m-one', namespace: 'default', pod: 'logger', container: 'main' },
    output: () => relay.stdout + relay.stderr,
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      await rancher[Symbol.asyncDispose]();
      await cluster.close();
    },
  };
}

describe('the picker of a whole Rancher', () => {
  const pages = Pages.ofSuite(rancherRelay);

  it('[UP11] shows clusters that cannot be used as such, says why, and opens a shell in one that can', async () => {
    const page = await pages.open('/');
    const row = (id: string) => page.page.locator(`[data-testid=cluster-row][data-key="${id}"]`);
    await row('c-m-new').waitFor();
    expect(await page.page.locator('[data-testid=cluster-row]').allInnerTexts()).toEqual([
      'Production',
      expect.stringMatching(/^Harbour\s+unavailable$/),
      expect.stringMatching(/^Dock\s+provisioning$/),
    ]);
    expect(await row('c-m-off').getByTestId('state').getAttribute('data-tone')).toBe('bad');
    expect(await row('c-m-new').getByTestId('state').getAttribute('data-tone')).toBe('busy');
    await row('c-m-off').locator('button').click();
    await page.page.getByText('The cluster cannot be reached (HTTP 503).').waitFor();
    await row('c-m-one').locator('button').click();
    await page.page.locator('[data-testid=namespace-row][data-key="default"] button').click();
    await page.page.locator('[data-pod="shell"]').getByTestId('open-shell').click();
    await page.attached();
    await page.type('echo in-$((6*7))\n');
    await page.shows(/^in-42$/m);
    // The answer of the cluster that is away is the only thing that the browser had to complain of.
    expect(page.complaints.filter((line) => !line.includes('503'))).toEqual([]);
  });
});
