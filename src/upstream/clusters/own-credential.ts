import { createSecureContext } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { CachedFile } from '../kubernetes/cached-file.ts';
import { credentialHeaders } from '../kubernetes/credential-headers.ts';
import { OpenFailure } from '../kubernetes/open-failure.ts';
import { ExecPlugin, type ExecPluginSettings, type PluginCredential } from './exec-plugin.ts';

/** How the relay proves to a cluster who it is, when no user's credential does. All may be absent. */
export interface OwnCredentialSettings {
  readonly tokenFile?: string;
  readonly token?: string;
  readonly basic?: { readonly username: string; readonly password: string };
  /** PEM. Certificate and key come in pairs. */
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly exec?: ExecPluginSettings;
}

export interface OwnAccess {
  readonly headers: { readonly [name: string]: string };
  readonly tls: { readonly cert?: string; readonly key?: string };
}

type Pair = { readonly cert: string; readonly key: string };

/** The relay's own credential of one cluster: files that rotate are read again, a plugin is run again when its answer expires. */
export class OwnCredential {
  readonly #settings: OwnCredentialSettings;
  readonly #plugin: ExecPlugin | undefined;
  readonly #tokenFile: CachedFile | undefined;
  readonly #certFile: CachedFile | undefined;
  readonly #keyFile: CachedFile | undefined;
  #fitting: Pair | undefined;

  constructor(settings: OwnCredentialSettings, clock: Clock) {
    const file = (path: string | undefined) => (path === undefined ? undefined : new CachedFile(path, clock));
    this.#settings = settings;
    this.#plugin = settings.exec && new ExecPlugin(settings.exec, clock);
    this.#tokenFile = file(settings.tokenFile);
    this.#certFile = file(settings.certFile);
    this.#keyFile = file(settings.keyFile);
  }

  /** @throws OpenFailure `own-credential` that says what cannot be had */
  async access(): Promise<OwnAccess> {
    const plugged = (await this.#plugin?.read()) ?? {};
    const pair = pluggedPair(plugged) ?? (await this.#pair());
    const token = plugged.token ?? (await ownText(this.#tokenFile, 'token'))?.trim() ?? this.#settings.token;
    return { headers: this.#headers(token), tls: pair ?? {} };
  }

  /** It was refused: what may have changed is read anew at the next access. */
  expire(): void {
    this.#plugin?.expire();
    for (const file of [this.#tokenFile, this.#certFile, this.#keyFile]) file?.expire();
  }

  #headers(token: string | undefined): { readonly [name: string]: string } {
    const { basic } = this.#settings;
    if (basic) return { Authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` };
    if (token === undefined) return {};
    try {
      return credentialHeaders({ kind: 'bearer', token });
    } catch {
      throw new OpenFailure({ kind: 'own-credential', why: 'its token is none that a header can carry' });
    }
  }

  /** A certificate and a key that were read while they were being replaced do not fit: then those of before. */
  async #pair(): Promise<Pair | undefined> {
    const cert = (await ownText(this.#certFile, 'client certificate')) ?? this.#settings.cert;
    const key = (await ownText(this.#keyFile, 'client key')) ?? this.#settings.key;
    if (cert === undefined || key === undefined) return undefined;
    if (this.#fitting?.cert === cert && this.#fitting.key === key) return this.#fitting;
    if (fits({ cert, key })) this.#fitting = { cert, key };
    else for (const file of [this.#certFile, this.#keyFile]) file?.expire();
    if (!this.#fitting) throw new OpenFailure({ kind: 'own-credential', why: 'its client certificate and key do not fit' });
    return this.#fitting;
  }
}

export function fits({ cert, key }: Pair): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

/** @throws OpenFailure `own-credential` */
export async function ownText(file: CachedFile | undefined, what: string): Promise<string | undefined> {
  try {
    return await file?.read();
  } catch {
    throw new OpenFailure({ kind: 'own-credential', why: `the file of its ${what} cannot be read` });
  }
}

function pluggedPair({ cert, key }: PluginCredential): Pair | undefined {
  if (cert === undefined || key === undefined) return undefined;
  if (fits({ cert, key })) return { cert, key };
  throw new OpenFailure({ kind: 'own-credential', why: 'the certificate and key of the credential plugin do not fit' });
}
