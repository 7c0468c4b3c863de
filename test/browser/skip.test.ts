import { expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/until.ts';
import { startTopology } from './relays.ts';
import { RelayPage, startChromium } from './support.ts';

/** A mobile link: what the worker may have under way (half the log) takes it five seconds. */
const slowLink = { bytesPerSecond: 100_000, delayMs: 150 };

it('[FC9] Ctrl-C into a flood offers to skip what is queued: then the prompt is there, and a line says how much is missing and why', async () => {
  let balancerPort = 0;
  await using link = await FaultProxy.start(() => balancerPort);
  await using relay = await startTopology(link.port);
  balancerPort = Number(new URL(relay.processes.url).port);
  const browser = await startChromium();
  try {
    const page = await RelayPage.ofShell(browser, relay);
    expect(await page.byId('skip-output').isVisible()).toBe(false);

    link.set(slowLink);
    await page.type('yes "$((6*7)) is the answer"\n');
    await until(async () => ((await page.state())?.receivedBytes ?? 0) > 300_000, { withinMs: 30_000, what: 'a flood on the slow link' });
    const offer = page.byId('skip-output');
    // Offered when more than a second is queued at that moment, which on a busy machine takes a while to come about.
    await until(
      async () => {
        await page.page.keyboard.press('Control+c');
        if (
          await offer.waitFor({ timeout: 3_000 }).then(
            () => true,
            () => false,
          )
        )
          return true;
        await page.type('yes "$((6*7)) is the answer"\n');
        return false;
      },
      { withinMs: 60_000, what: 'the offer' },
    );
    expect(await offer.textContent()).toMatch(/^Skip [\d.,]+ [KM]i?B of output \(Ctrl-C again\)$/);

    const asked = performance.now();
    await offer.click();
    const [, size] = await page.shows(/^ *([\d.,]+ [KM]i?B) of output missing: (?:.*)skipped.*\n[\s\S]*[$#] *$/m);
    const promptMs = performance.now() - asked;
    await offer.waitFor({ state: 'hidden' });
    const state = await page.state();
    expect(state?.faults).toMatchObject({ mismatches: 0, gaps: 1, rewinds: 0 });
    // What was on its way, at this rate, would have taken longer than the offer's second.
    expect(state?.faults.gapBytes).toBeGreaterThan(slowLink.bytesPerSecond);
    expect(await page.byId('loss').textContent()).toContain(`${size} of output missing`);
    await page.type('echo "still $((40+2))"\n');
    await page.shows(/^still 42$/m);
    console.log(`prompt ${promptMs.toFixed(0)} ms after the skip, ${size} declared`);
    expect(page.complaints).toEqual([]);
  } finally {
    await browser.close();
  }
}, 240_000);
