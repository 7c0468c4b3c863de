import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { ClientState } from '../../src/client/client-host.ts';
import { until } from '../support/until.ts';

/** A relay that runs, and pods behind it that a test may use. */
export interface BrowserRelay extends AsyncDisposable {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly accessToken: string;
  /** Has a POSIX shell with `stty`. */
  readonly shell: Place;
  /** Prints lines for as long as somebody follows. */
  readonly logger: Place;
  /** What the processes wrote, for a failure's message. */
  output(): string;
}

export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** The pictures of the documentation are taken on request only: no two runs draw the same bytes. */
const pictures = fileURLToPath(new URL(process.env['UPDATE_PICTURES'] ? '../../docs' : '../../.cache/pictures', import.meta.url));

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Chromium of the machine; `CHROMIUM` names another. */
export function startChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: chromiumFlags });
}

/** One page of these, with what a test asks of it. Complaints of the page (errors, CSP) are collected: a test ends with none. */
export class RelayPage {
  readonly page: Page;
  readonly complaints: string[] = [];
  readonly #relay: BrowserRelay;

  private constructor(page: Page, relay: BrowserRelay) {
    this.page = page;
    this.#relay = relay;
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser | BrowserContext, relay: BrowserRelay): Promise<RelayPage> {
    const options = { viewport: { width: 1100, height: 680 }, colorScheme: 'dark' as const, ignoreHTTPSErrors: true };
    const page = 'newContext' in browser ? await (await browser.newContext(options)).newPage() : await browser.newPage();
    return new RelayPage(page, relay);
  }

  /** Goes there with the access token in the fragment, as the printed link has it. */
  async goSignedIn(path: string): Promise<void> {
    await this.page.goto(`${this.#relay.url}${path}#token=${this.#relay.accessToken}`);
  }

  /** The terminal of a shell, up to its prompt. */
  static async ofShell(browser: Browser | BrowserContext, relay: BrowserRelay & { readonly shell: Place }): Promise<RelayPage> {
    const page = await RelayPage.open(browser, relay);
    await page.goSignedIn(`/terminal?${query(relay.shell)}`);
    await page.attached();
    await page.shows(/[$#] *$/);
    return page;
  }

  byId(id: string) {
    return this.page.getByTestId(id);
  }

  /** What is in the terminal, or the lines of the log; empty while the page changes. */
  text(): Promise<string> {
    return this.page.evaluate<string>('window.poseidon?.text() ?? ""').catch(() => '');
  }

  state(): Promise<ClientState | undefined> {
    return this.page.evaluate<ClientState | undefined>('window.poseidon?.state()').catch(() => undefined);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async attached(): Promise<ClientState> {
    const open = (state: ClientState | undefined) => (state?.connection.kind === 'attached' && state.receivedBytes > 0 ? state : undefined);
    return this.#wait(async () => open(await this.state()), 'the session to be open');
  }

  /** @returns the match in what is shown; waits for it */
  shows(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray> {
    return this.#wait(async () => pattern.exec(await this.text()), `${pattern} to be shown`, withinMs);
  }

  async screenshot(name: string): Promise<void> {
    const path = join(pictures, `${name}.png`);
    await mkdir(pictures, { recursive: true });
    // The caret of a field and the cursor of the terminal blink; two frames are enough for both renderers.
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await this.page.screenshot({ path, caret: 'hide' });
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async #wait<T>(look: () => Promise<T>, what: string, withinMs = 20_000): Promise<NonNullable<T>> {
    try {
      return await until(look, { withinMs, what });
    } catch (failure) {
      const seen = `${(await this.text()).slice(-2000)}\n${JSON.stringify(await this.state())}\n${this.complaints.join('\n')}`;
      throw new Error(`${String(failure)}\nInstead:\n${seen}\nThe relay:\n${this.#relay.output().slice(-3000)}`);
    }
  }
}

export function query(place: Place): string {
  return new URLSearchParams({ ...place }).toString();
}
