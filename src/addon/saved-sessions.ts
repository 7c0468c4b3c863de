import type { SavedSession } from '../client/client-host.ts';
import type { Target } from '../protocol/target.ts';

/**
 * Where this tab left its sessions, one per target, so that a reload finds its shell again. `sessionStorage`, because the resume key
 * must not reach another tab. The browser bounds it; a full or forbidden storage only means that a reload starts anew.
 */
export class SavedSessions {
  readonly #name: string;

  /** @param relay an origin, if it is not the page's own */
  constructor(target: Target, relay = '') {
    this.#name = `poseidon:${relay}${JSON.stringify(Object.entries(target).sort())}`;
  }

  read(): SavedSession | undefined {
    try {
      const value: unknown = JSON.parse(sessionStorage.getItem(this.#name) ?? 'null');
      return isSaved(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  write(saved: SavedSession): void {
    try {
      sessionStorage.setItem(this.#name, JSON.stringify(saved));
    } catch {
      // No storage: a reload starts a new session.
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#name);
    } catch {
      // Nothing was kept there.
    }
  }
}

function isSaved(value: unknown): value is SavedSession {
  if (typeof value !== 'object' || value === null) return false;
  const { session, key, stream, former, connection, parsed } = value as { [key: string]: unknown };
  if (former !== undefined && !Array.isArray(former)) return false;
  return [session, key, stream].every((part) => typeof part === 'string') && [connection, parsed].every(Number.isSafeInteger);
}
