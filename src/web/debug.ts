import type { ClientState } from '../client/client-host.ts';

/**
 * `window.poseidon`: what a test, or a person at the console, may look at. Read-only, and nothing that is not on the page anyhow:
 * no resume key, no way to type. `text` is the terminal's content, which WebGL draws where the document does not show it.
 */
export interface PageDebug {
  /** undefined before the first session. */
  state(): ClientState | undefined;
  text(): string;
  /** Columns and rows of the terminal; absent on the log page. */
  size?(): { readonly cols: number; readonly rows: number };
}

export function publishDebug(debug: PageDebug): void {
  Object.defineProperty(window, 'poseidon', { value: Object.freeze(debug), writable: false, configurable: false });
}
