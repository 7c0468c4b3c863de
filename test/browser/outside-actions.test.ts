import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PoseidonProcess } from '../bin/poseidon-process.ts';
import { until } from '../support/until.ts';
import { type BrowserRelay, RelayPage, startChromium } from './support.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 60_000);
afterAll(() => browser.close());

async function startRelay(...flags: string[]): Promise<BrowserRelay> {
  const child = new PoseidonProcess(['--listen', '127.0.0.1:0', ...flags]);
  const link = /(http:\/\/\S+)\/#token=(\S+)/;
  await child.printed(link);
  const [, url = '', accessToken = ''] = link.exec(child.stdout) ?? [];
  const place = { cluster: 'demo', namespace: 'demo' };
  return {
    url,
    accessToken,
    shell: { ...place, pod: 'web-0', container: 'app' },
    logger: { ...place, pod: 'logger', container: 'logger' },
    output: () => child.stdout + child.stderr,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** A shell whose page may use the clipboard, as far as the browser is concerned. */
async function openShell(relay: BrowserRelay): Promise<RelayPage> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 680 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: relay.url });
  const shell = await RelayPage.ofShell(context, relay);
  await shell.page.evaluate('navigator.clipboard.writeText("before")');
  return shell;
}

const clipboard = (shell: RelayPage) => shell.page.evaluate<string>('navigator.clipboard.readText()');

/** The program writes to the clipboard, wants a title, and makes a link of its text. */
async function tryAll(shell: RelayPage): Promise<void> {
  await shell.type(`clear; printf '\\033]52;c;ZnJvbSB0aGUgcG9k\\007\\033]2;from the pod\\007'; echo\n`);
  await shell.type(`clear; printf '\\n\\033]8;;https://evil.example/x\\007harmless\\033]8;;\\007\\n'; echo done-$((6*7))\n`);
  await shell.shows(/^harmless\ndone-42/m);
}

/** Points at the text and clicks. @param isLink what it is expected to be @returns what the page asked */
async function clickText(shell: RelayPage, isLink: boolean): Promise<string | undefined> {
  let asked: string | undefined;
  shell.page.once('dialog', (dialog) => {
    asked = dialog.message();
    void dialog.dismiss();
  });
  const box = await shell.byId('terminal').locator('.xterm-screen').boundingBox();
  const row = (await shell.text()).split('\n').indexOf('harmless');
  const { rows } = await shell.page.evaluate<{ rows: number }>('window.poseidon.size()');
  if (!box || row < 0) throw new Error(`no such text in ${await shell.text()}`);
  const [x, y] = [box.x + 20, box.y + ((row + 0.5) * box.height) / rows];
  const pointed = () => shell.page.evaluate<boolean>('document.querySelector(".xterm-cursor-pointer") !== null');
  // A move at a time, until the terminal has looked for links there.
  for (let step = 0; step < 8 && !(await pointed()); step++) await shell.page.mouse.move(x + step, y);
  if (isLink) await until(pointed, { what: 'the link to be found' });
  await shell.page.mouse.click(x + 8, y);
  if (isLink) await until(() => asked !== undefined, { what: 'a question' });
  return asked;
}

describe('escape sequences that act outside of the terminal', () => {
  it('[ED8] by default set no clipboard and no title, and a link asks with its real address', async () => {
    await using relay = await startRelay();
    const shell = await openShell(relay);
    const title = await shell.page.title();
    await tryAll(shell);
    expect(await clipboard(shell)).toBe('before');
    expect(await shell.page.title()).toBe(title);
    expect(await clickText(shell, true)).toContain('https://evil.example/x');
    expect(shell.page.context().pages()).toHaveLength(1);
    expect(shell.complaints).toEqual([]);
    await shell.close();
  });

  it('[ED8] do what the operator allows, and nothing else', async () => {
    await using relay = await startRelay('--terminal-actions', 'clipboard,title');
    const shell = await openShell(relay);
    const title = await shell.page.title();
    await tryAll(shell);
    await until(async () => (await clipboard(shell)) === 'from the pod', { what: 'the clipboard' });
    await until(async () => (await shell.page.title()).startsWith('from the pod – '), { what: 'the title' });
    expect(await shell.page.title()).toBe(`from the pod – ${title}`);
    expect(await clickText(shell, false)).toBeUndefined();
    // After a reload the same output is shown again, and does nothing again.
    await shell.page.evaluate('navigator.clipboard.writeText("mine")');
    await shell.page.reload();
    await shell.shows(/done-42/);
    expect(await clipboard(shell)).toBe('mine');
    await shell.close();
  });
});
