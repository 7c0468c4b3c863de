import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { relays } from './relays.ts';
import { type BrowserRelay, query, RelayPage, startChromium } from './support.ts';

describe.each(relays)('the log page, %s', (name, start) => {
  const pictures = name.startsWith('npm start');
  let relay: BrowserRelay;
  let browser: Browser;
  let page: RelayPage | undefined;

  beforeAll(async () => {
    [relay, browser] = await Promise.all([start(), startChromium()]);
  }, 240_000);

  afterEach(async () => {
    await page?.close();
    page = undefined;
  });

  afterAll(async () => {
    await browser?.close();
    await relay?.[Symbol.asyncDispose]();
  }, 60_000);

  async function openLog(options = ''): Promise<RelayPage> {
    page = await RelayPage.open(browser, relay);
    await page.goSignedIn(`/log?${query(relay.logger)}${options}`);
    await page.attached();
    return page;
  }

  const count = async (log: RelayPage) => (await log.text()).split('\n').length;
  const lastShown = (log: RelayPage) => log.page.locator('.log-line').last().textContent();

  it('[UP6] follows a pod that was picked', async () => {
    page = await RelayPage.open(browser, relay);
    await page.goSignedIn('/');
    const { namespace, pod, container } = relay.logger;
    await page.page.locator(`[data-testid=namespace-row][data-key="${namespace}"] button`).click();
    await page.page.locator(`[data-pod="${pod}"] [data-container="${container}"]`).getByTestId('open-log').click();
    await page.attached();
    const log = page;
    await until(async () => (await log.text()) !== '');
    const before = await count(log);
    await until(async () => (await count(log)) > before + 2, { what: 'more lines' });
    await until(async () => (await log.text()).endsWith((await lastShown(log)) ?? '?'), { what: 'the newest line to be seen' });
    if (pictures) await log.screenshot('log');
    expect(log.complaints).toEqual([]);
  });

  it('stays where a person reads, and follows again on request', async () => {
    const log = await openLog();
    await until(async () => (await count(log)) > 60);
    await log.page.mouse.move(400, 300);
    await log.page.mouse.wheel(0, -200);
    await until(async () => (await log.byId('follow').textContent()) === 'Follow');
    const first = () => log.page.locator('.log-line').first().textContent();
    const [reading, lines] = [await first(), await count(log)];
    await until(async () => (await count(log)) > lines + 2);
    expect(await first()).toBe(reading);
    await log.byId('follow').click();
    await until(async () => (await log.text()).endsWith((await lastShown(log)) ?? '?'));
  });

  it('filters, wraps and hands out the lines as a file', async () => {
    const log = await openLog();
    await until(async () => (await count(log)) > 20);
    const word = (await log.text()).split('\n')[3]?.slice(0, 12) ?? '';
    await log.byId('log-filter').fill(word);
    await until(async () => /^[\d,]+ of [\d,]+ lines$/.test((await log.byId('line-count').textContent()) ?? ''));
    const shown = await log.page.locator('.log-line').allTextContents();
    expect(shown.length).toBeGreaterThan(0);
    for (const line of shown) expect(line.toLowerCase()).toContain(word.trim().toLowerCase().split(/\s+/)[0]);
    await log.byId('wrap').click();
    expect(await log.byId('wrap').getAttribute('aria-pressed')).toBe('false');
    const [download] = await Promise.all([log.page.waitForEvent('download'), log.byId('download').click()]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^${relay.logger.pod}_${relay.logger.container}_.*\\.log$`));
  });

  it('[UP6] reads a log that is not followed to its end, and says that it is complete', async () => {
    page = await RelayPage.open(browser, relay);
    await page.goSignedIn(`/log?${query(relay.logger)}&follow=false&tailLines=25`);
    await page.byId('end-banner').waitFor();
    expect(await page.byId('end-headline').textContent()).toBe('ended: complete');
    const log = page;
    await until(async () => (await count(log)) === 26, { what: '25 lines and the end' });
  });

  it('asks for a pod when the link names none', async () => {
    page = await RelayPage.open(browser, relay);
    await page.goSignedIn('/log.html');
    await page.byId('picker').waitFor();
  });
});
