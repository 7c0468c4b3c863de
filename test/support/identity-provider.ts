import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

interface Key {
  readonly id: string;
  readonly secret: CryptoKey;
  readonly open: JWK;
}

/** An OpenID provider on loopback: discovery, keys that rotate, and tokens signed by them. */
export class IdentityProvider implements AsyncDisposable {
  readonly #server: Server;
  readonly #keys: Key[] = [];
  #made = 0;
  /** Requests for the keys. */
  asked = 0;
  /** What it answers instead, at either address. */
  instead: { readonly status: number; readonly body: string } | undefined;
  /** It cuts its answers short. */
  breaksOff = false;
  /** More keys of the set. */
  strange: JWK[] = [];
  /** What the discovery document calls itself. */
  issuerSaid: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    const provider = new IdentityProvider(server);
    server.on('request', (request, response) => {
      if (request.url === '/keys') provider.asked++;
      if (provider.breaksOff) {
        response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy());
        return;
      }
      const { status, body } = provider.instead ?? { status: 200, body: JSON.stringify(provider.#document(request.url ?? '')) };
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await provider.newKey();
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @returns its id; tokens are signed by the newest */
  async newKey(alg = 'ES256'): Promise<string> {
    const id = `key-${++this.#made}`;
    const { privateKey: secret, publicKey } = await generateKeyPair(alg);
    this.#keys.push({ id, secret, open: { ...(await exportJWK(publicKey)), kid: id, alg, use: 'sig' } });
    return id;
  }

  withdraw(id: string): void {
    this.#keys.splice(
      this.#keys.findIndex((key) => key.id === id),
      1,
    );
  }

  get newestKey(): JWK {
    return (this.#keys.at(-1) as Key).open;
  }

  /** @param claims instead of: this issuer, audience `poseidon`, user `ann`, valid for five minutes */
  token(claims: Readonly<Record<string, unknown>> = {}, nowMs = Date.now()): Promise<string> {
    const key = this.#keys.at(-1) as Key;
    const now = Math.floor(nowMs / 1000);
    const whole = { iss: this.url, aud: 'poseidon', sub: 'ann', iat: now, exp: now + 300, ...claims };
    return new SignJWT(whole).setProtectedHeader({ alg: key.open.alg ?? '', kid: key.id }).sign(key.secret);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #document(path: string): object {
    if (path === '/keys') return { keys: [...this.strange, ...this.#keys.map(({ open }) => open)] };
    return { issuer: this.issuerSaid ?? this.url, jwks_uri: `${this.url}/keys` };
  }
}
