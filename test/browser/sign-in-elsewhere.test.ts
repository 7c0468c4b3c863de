import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PoseidonProcess } from '../bin/poseidon-process.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { startChromium } from './support.ts';

let browser: Browser;
let provider: IdentityProvider;
beforeAll(async () => {
  [browser, provider] = await Promise.all([startChromium(), IdentityProvider.start()]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await provider[Symbol.asyncDispose]();
});

describe('the page of a relay whose users sign in elsewhere', () => {
  it('[ED1] says where, asks for no token, and goes on once that was done', async () => {
    const grants = '[{"groups":["*"],"may":["exec","attach","log"]}]';
    const jwt = [
      '--auth',
      'jwt',
      '--jwt-issuer',
      provider.url,
      '--jwt-audience',
      'poseidon',
      '--jwt-cookie',
      'idtoken',
      '--grants',
      grants,
    ];
    await using relay = new PoseidonProcess(['--listen', '127.0.0.1:0', ...jwt]);
    const url = await relay.printed(/^(http:\S+)\/$/m);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.getByTestId('sign-in-elsewhere').waitFor();
    expect(await page.getByTestId('sign-in-elsewhere').textContent()).toContain('your identity provider');
    expect(await page.getByTestId('sign-in-token').count()).toBe(0);
    await page.getByTestId('signed-in').click();
    await page.getByText('not signed in yet').waitFor();
    await context.addCookies([{ name: 'idtoken', value: await provider.token(), url, httpOnly: true, sameSite: 'Strict' }]);
    await page.getByTestId('signed-in').click();
    await page.getByTestId('picker').waitFor();
    await context.close();
  }, 60_000);
});
