import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startTopology } from './relays.ts';
import { RelayPage, startChromium } from './support.ts';

it('[RS1] a page goes on by itself, in the same shell, after the edge under it was killed', async () => {
  await using relay = await startTopology();
  const browser = await startChromium();
  try {
    const page = await RelayPage.ofShell(browser, relay);
    await page.type('i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "tick $i of $$"; sleep 0.1; done; echo "done"\n');
    await page.shows(/^tick 3 of/m);
    const { connection } = await page.attached();
    const edge = connection.kind === 'attached' ? connection.edge : '';
    await relay.processes.killEdge(Number(edge.split('-')[1]));
    await page.type('echo "typed over the gap"\n');
    await until(async () => {
      const state = await page.state();
      return state?.connection.kind === 'attached' && state.connection.edge !== edge;
    });
    await page.shows(/^typed over the gap$/m);
    const ticks = [...(await page.text()).matchAll(/tick (\d+) of (\d+)$/gm)];
    expect(ticks.map((tick) => Number(tick[1]))).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(new Set(ticks.map((tick) => tick[2])).size).toBe(1);
    expect((await page.text()).match(/^typed over the gap$/gm)).toHaveLength(1);
    expect(await page.state()).toMatchObject({ faults: { mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 }, notSentBytes: 0 });
  } finally {
    await browser.close();
  }
}, 240_000);
