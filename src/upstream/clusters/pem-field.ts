import { readFile } from 'node:fs/promises';
import type { Fields } from './settings-file.ts';

/** What a field holds in PEM: beside it in `…-data` (base64, which wins), or in the file it names. */
export interface PemField {
  readonly text: string;
  readonly file: string | undefined;
}

/** @throws CodedError that names the field */
export function certificate(fields: Fields, name: string): Promise<PemField | undefined> {
  return pem(fields, name, /-----BEGIN (TRUSTED )?CERTIFICATE-----/, 'no certificate');
}

/** @throws CodedError that names the field */
export function privateKey(fields: Fields, name: string): Promise<PemField | undefined> {
  return pem(fields, name, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'no private key');
}

async function pem(fields: Fields, name: string, form: RegExp, wrong: string): Promise<PemField | undefined> {
  const data = fields.decoded(`${name}-data`);
  const file = data === undefined ? await fields.readable(name) : undefined;
  const text = data ?? (file === undefined ? undefined : await readFile(file, 'utf8'));
  if (text === undefined) return undefined;
  if (!form.test(text)) throw fields.problem(data === undefined ? name : `${name}-data`, `holds ${wrong} in PEM`, 'Give one that does');
  return { text, file };
}
