import { readFile } from 'node:fs/promises';
import { newSealKey, parseSealKeys, Sealer } from '../auth/seal.ts';
import { newAccessToken, parseAccessToken } from '../auth/token-authenticator.ts';
import { CodedError } from '../base/coded-error.ts';

export interface AccessToken {
  readonly token: string;
  /** undefined: made up for this run. */
  readonly file: string | undefined;
}

/** @throws CodedError with one sentence */
export async function accessToken(file: string | undefined): Promise<AccessToken> {
  return { file, token: file === undefined ? newAccessToken() : await readSecret(file, 'access token', parseAccessToken) };
}

/** Without a file the key lives as long as this process, which is enough when edge and worker are one. @throws CodedError */
export async function sealer(file: string | undefined): Promise<Sealer> {
  return new Sealer(...(file === undefined ? [newSealKey()] : await readSecret(file, 'sealing key', parseSealKeys)));
}

/** The file is named in the error, its content never. @throws CodedError with one sentence */
export async function readSecret<Value>(file: string, what: string, parse: (text: string) => Value): Promise<Value> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new CodedError('unreadable-file', `cannot read the ${what} file ${file}${code ? ` (${code})` : ''}`, { cause });
  }
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new CodedError(cause.code, `the ${what} file ${file} cannot be used: ${cause.message}`);
  }
}
