import { readFileSync } from 'node:fs';
import { freePort, RedisServer } from './redis-server.ts';

const tls = new URL('./tls/', import.meta.url).pathname;
const manual = new URL('../../docs/operations/redis.md', import.meta.url);

/** The ACL line of the operators' manual: what it says is what is tested. */
function aclLine(): readonly string[] {
  const line = /^user poseidon (.*)$/m.exec(readFileSync(manual, 'utf8'))?.[1];
  if (line === undefined) throw new Error('the manual has no ACL line');
  return ['poseidon', ...line.split(' ')];
}

/** A server whose clients come over TLS, as the user of the manual; the test itself has the plain port. */
export async function startRestrictedServer(): Promise<
  AsyncDisposable & { url: string; adminUrl: string; ca: string; server: RedisServer }
> {
  const port = await freePort();
  const files = ['cert', 'key'].flatMap((name) => [`--tls-${name}-file`, `${tls}${name}.pem`]);
  const args = ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
  const server = await RedisServer.start({ args });
  const answer = await server.cli('ACL', 'SETUSER', ...aclLine());
  if (answer !== 'OK') {
    await server[Symbol.asyncDispose]();
    throw new Error(`the ACL line of the manual is not understood: ${answer}`);
  }
  return {
    server,
    url: `rediss://poseidon:password@localhost:${port}`,
    adminUrl: server.url,
    ca: readFileSync(`${tls}cert.pem`, 'utf8'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
