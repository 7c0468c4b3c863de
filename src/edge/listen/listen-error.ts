import { createServer } from 'node:net';
import { CodedError } from '../../base/coded-error.ts';

/** Why a listener could not listen, in the words of the Listener port. */
export function listenError(host: string, port: number, cause: unknown): CodedError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const at = `${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new CodedError('port-in-use', `${at} is in use by another process`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new CodedError('permission-denied', `not allowed to listen on ${at}`, { cause });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CodedError('address-not-available', `${host} is not an address of this machine`, { cause });
    default:
      return new CodedError('listen-failed', `cannot listen on ${at}${code === undefined ? '' : ` (${code})`}`, { cause });
  }
}

/** uWebSockets says only that it failed: the platform is asked for the reason by trying the same. */
export async function explainListenFailure(host: string, port: number): Promise<CodedError> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (cause) => resolve(listenError(host, port, cause)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(listenError(host, port, undefined))));
  });
}
