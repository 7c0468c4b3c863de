import { type ClientRequest, request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** How long a proxy has to reach the cluster. */
const tunnelTimeoutMs = 10_000;

/** `proxy-url` of a kubeconfig: the way to a cluster is a tunnel (CONNECT) through an HTTP proxy; TLS goes to the cluster itself. */
export class ProxyAgent extends Agent {
  readonly #proxy: URL;

  /** @param proxy http or https, with or without user and password */
  constructor(proxy: URL, options: AgentOptions = {}) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ConnectionOptions, done: (error: Error | null, socket: Duplex) => void): undefined {
    const failed = (code: string) => (done as (error: Error) => void)(Object.assign(new Error('no tunnel'), { code: `PROXY_${code}` }));
    const broke = ({ code = 'ERROR' }: NodeJS.ErrnoException) => failed(code);
    const authority = `${bracketed(options.host ?? '')}:${options.port ?? 443}`;
    const asked = this.#connect(authority);
    asked.setTimeout(tunnelTimeoutMs, () => asked.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })));
    asked.once('error', broke);
    asked.once('connect', (response, socket) => {
      asked.removeListener('error', broke);
      if (response.statusCode !== 200) {
        socket.destroy();
        return failed(`HTTP_${response.statusCode}`);
      }
      socket.setTimeout(0);
      const { servername = options.host } = options;
      const secured = connect({ ...options, socket, ...(isName(servername) ? { servername } : {}) });
      done(null, secured);
    });
    // An answer that is no tunnel, as from a web server.
    asked.once('response', (response) => {
      response.destroy();
      failed(`HTTP_${response.statusCode}`);
    });
    asked.end();
    return undefined;
  }

  #connect(authority: string): ClientRequest {
    const { protocol, hostname, port, username, password } = this.#proxy;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const authorization = username === '' ? {} : { 'Proxy-Authorization': `Basic ${Buffer.from(login).toString('base64')}` };
    const secure = protocol === 'https:';
    const options = {
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : Number(port),
      path: authority,
      headers: { Host: authority, ...authorization },
      agent: false,
    } as const;
    return secure ? httpsRequest(options) : httpRequest(options);
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A certificate is asked for by name, not by address. */
function isName(servername: string | undefined): servername is string {
  return servername !== undefined && servername !== '' && !/^[\d.]+$/.test(servername) && !servername.includes(':');
}
