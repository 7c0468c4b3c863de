import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { Pages } from './pages.ts';
import { relays } from './relays.ts';
import { query, type RelayPage } from './support.ts';

describe.each(relays)('the log page, %s', (name, start) => {
  const pictures = name.startsWith('npm start');
  const pages = Pages.ofSuite(start);

  async function openLog(options = ''): Promise<RelayPage> {
    const page = await pages.open(`/log?${query(pages.relay.logger)}${options}`);
    await page.attached();
    return page;
  }

  const count = async (log: RelayPage) => (await log.text()).split('\n').length;
  const lastShown = (log: RelayPage) => log.page.locator('.log-line').last().textContent();

  it('[UP6] follows a pod that was picked', async () => {
    const page = await pages.open('/');
    const { namespace, pod, container } = pages.relay.logger;
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
    expect(download.suggestedFilename()).toMatch(new RegExp(`^${pages.relay.logger.pod}_${pages.relay.logger.container}_.*\\.log$`));
  });

  it('[UP6] reads a log that is not followed to its end, and says that it is complete', async () => {
    const page = await pages.open(`/log?${query(pages.relay.logger)}&follow=false&tailLines=25`);
    await page.byId('end-banner').waitFor();
    expect(await page.byId('end-headline').textContent()).toBe('ended: complete');
    const log = page;
    await until(async () => (await count(log)) === 26, { what: '25 lines and the end' });
  });

  it('asks for a pod when the link names none', async () => {
    const page = await pages.open('/log.html');
    await page.byId('picker').waitFor();
  });
});
