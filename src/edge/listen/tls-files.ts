import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { CodedError } from '../../base/coded-error.ts';

export interface TlsFiles {
  /** PEM; the chain, leaf first. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads and checks both, so that either listener fails with the same words. @throws CodedError `tls-files` */
export async function readTlsFiles(files: TlsFiles): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  const [cert, key] = await Promise.all([read(files.certFile, 'certificate'), read(files.keyFile, 'key')]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new CodedError('tls-files', `the TLS certificate ${files.certFile} and key ${files.keyFile} do not fit or are not PEM`, {
      cause,
    });
  }
  return { cert, key };
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CodedError('tls-files', `cannot read the TLS ${what} file ${path}`, { cause });
  }
}
