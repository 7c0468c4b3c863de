import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type BrowserRelay, RelayPage, startChromium } from './support.ts';

/** The relay and the browser of one suite, and the page of each of its tests, which is closed after it. */
export class Pages {
  #relay: BrowserRelay | undefined;
  #browser: Browser | undefined;
  #open: RelayPage[] = [];

  /** Inside `describe`: starts before its tests, ends after them. */
  static ofSuite(start: () => Promise<BrowserRelay>): Pages {
    const pages = new Pages();
    beforeAll(async () => {
      [pages.#relay, pages.#browser] = await Promise.all([start(), startChromium()]);
    }, 240_000);
    afterEach(async () => {
      for (const page of pages.#open.splice(0)) await page.close();
    });
    afterAll(async () => {
      await pages.#browser?.close();
      await pages.#relay?.[Symbol.asyncDispose]();
    }, 60_000);
    return pages;
  }

  get relay(): BrowserRelay {
    if (!this.#relay) throw new Error('the relay has not started');
    return this.#relay;
  }

  /** @param path goes there signed in; without it the page is empty */
  async open(path?: string): Promise<RelayPage> {
    if (!this.#browser) throw new Error('the browser has not started');
    const page = await RelayPage.open(this.#browser, this.relay);
    this.#open.push(page);
    if (path !== undefined) await page.goSignedIn(path);
    return page;
  }
}
