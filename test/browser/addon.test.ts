import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startTopology } from './relays.ts';
import { query, startChromium } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const mostBytes = 12 * 1024;

let site: Server;
let siteUrl: string;
let relay: Awaited<ReturnType<typeof startTopology>>;
let browser: Browser;
/** What the site answers to `/token`; the relay's access token unless a test says otherwise. */
let token: string;

/** Somebody else's site: the example page as it is written, with the relay's real address, xterm.js, and the site's own sign-in. */
async function startSite(): Promise<void> {
  site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const answer = async () => {
      if (pathname === '/token') return token;
      if (pathname.startsWith('/node_modules/@xterm/xterm/')) return readFile(`${root}${pathname}`);
      return (await readFile(`${root}docs/examples/embed.html`, 'utf8')).replaceAll('https://shell.example.org', relay.url);
    };
    const type = pathname.endsWith('.mjs') ? 'text/javascript' : pathname.endsWith('.css') ? 'text/css' : 'text/html';
    answer().then(
      (body) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  await startSite();
  relay = await startTopology(undefined, { POSEIDON_ALLOWED_ORIGINS: siteUrl });
  token = relay.accessToken;
  browser = await startChromium();
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await relay?.[Symbol.asyncDispose]();
  site?.close();
}, 60_000);

async function open(context: BrowserContext | Browser): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  await page.goto(`${siteUrl}/?${query(relay.shell)}`);
  return { page, complaints };
}

const text = (page: Page) =>
  page.evaluate<string>(
    `[...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()).join('\\n')`,
  );
const state = (page: Page) => page.evaluate<string>(`document.getElementById('state').textContent`);
const shows = (page: Page, pattern: RegExp) =>
  until(async () => pattern.exec(await text(page)), { withinMs: 20_000, what: () => `${pattern}\n${relay.output().slice(-2000)}` });

describe('the addon in a page of another origin', () => {
  it('is one file of at most 12 KiB, gzipped', async () => {
    expect(gzipSync(await readFile(`${root}dist/public/assets/poseidon-addon.js`), { level: 9 }).length).toBeLessThanOrEqual(mostBytes);
  });

  it('[ED2] opens a shell with a token of the page’s own, which is in no URL, and keeps it over a reload', async () => {
    const context = await browser.newContext();
    const { page, complaints } = await open(context);
    const urls: string[] = [];
    page.on('request', (request) => urls.push(request.url()));
    page.on('websocket', (socket) => urls.push(socket.url()));
    await shows(page, /[$#]\s*$/);
    expect(await state(page)).toBe('attached');
    await page.keyboard.type('echo "shell is $$"\n');
    const [line] = await shows(page, /^shell is \d+$/m);
    await page.reload();
    await shows(page, new RegExp(`^${line}$`, 'm'));
    await page.locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('echo "again: shell is $$"\n');
    await shows(page, new RegExp(`^again: ${line}$`, 'm'));
    expect(await context.cookies()).toEqual([]);
    expect(urls.join('\n')).not.toContain(token);
    await page.keyboard.type('exit 3\n');
    await until(async () => (await state(page)).includes('code 3'), { what: () => 'the end' });
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('[DR1] of two tabs one drives, and the other says that it watches', async () => {
    const context = await browser.newContext();
    const { page } = await open(context);
    await shows(page, /[$#]\s*$/);
    const saved = await page.evaluate<Record<string, string>>('({ ...sessionStorage })');
    const other = await context.newPage();
    await other.addInitScript(`for (const [name, value] of Object.entries(${JSON.stringify(saved)})) sessionStorage.setItem(name, value)`);
    await other.goto(`${siteUrl}/?${query(relay.shell)}`);
    await until(async () => (await state(other)) === 'attached' && (await state(page)) === 'attached, watching', {
      what: () => 'one driver',
    });
    await context.close();
  });

  it('says that a token is refused, and does not ask for ever', async () => {
    token = 'wrong';
    try {
      const { page } = await open(browser);
      await until(async () => (await state(page)).startsWith('lost'), { what: () => 'the refusal' });
      await page.close();
    } finally {
      token = relay.accessToken;
    }
  });
});
