import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CodedError } from '../base/coded-error.ts';
import type { UserCredential } from './user.ts';

const version = 2;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals users' credentials for their way through the broker (UP8): AES-256-GCM with a random nonce, the key shared by edges and workers.
 * Form, in base64url: version u8, nonce 12 B, ciphertext, tag 16 B. What belongs to one context opens in no other.
 */
export class Sealer {
  readonly #keys: readonly Uint8Array[];

  /** @param keys of 32 bytes: the first one seals, any of them opens, so that a key can be replaced while sessions live */
  constructor(...keys: readonly Uint8Array[]) {
    if (keys.length === 0 || keys.some((key) => key.length !== keyBytes))
      throw new CodedError('bad-seal-key', `a sealing key has ${keyBytes} bytes`);
    this.#keys = keys;
  }

  /** @returns empty for no credential: the relay's own is used */
  seal(credential: UserCredential | undefined, context: string): string {
    return credential ? this.sealText(JSON.stringify(credential), context) : '';
  }

  sealText(text: string, context: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0] as Uint8Array, nonce, { authTagLength: tagBytes }).setAAD(
      associated(context),
    );
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(version), nonce, body, cipher.getAuthTag()]).toString('base64url');
  }

  /** @throws CodedError `bad-seal`: another key, another context, or altered */
  open(sealed: string, context: string): UserCredential | undefined {
    // Nobody without the key has written it.
    return sealed === '' ? undefined : (JSON.parse(this.openText(sealed, context)) as UserCredential);
  }

  /** @throws CodedError `bad-seal`, as {@link open} */
  openText(sealed: string, context: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes) throw badSeal();
    for (const key of this.#keys) {
      const text = openWith(key, bytes, context);
      if (text !== undefined) return text;
    }
    throw badSeal();
  }
}

/** @returns undefined: sealed with another key, for another context, or altered */
function openWith(key: Uint8Array, sealed: Buffer, context: string): string | undefined {
  const bodyEnd = sealed.length - tagBytes;
  const nonce = sealed.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(associated(context));
  decipher.setAuthTag(sealed.subarray(bodyEnd));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, bodyEnd)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** What a credential is sealed for: one user on one cluster. A ticket and the sessions made from it share it. */
export function credentialContext(cluster: string, subject: string): string {
  return `${cluster}/${subject}`;
}

/** What a key file holds: keys, one a line, each 32 bytes as hex or base64. @throws CodedError `bad-seal-key` */
export function parseSealKeys(text: string): readonly Uint8Array[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== '').map(parseSealKey);
  if (keys.length === 0) throw badKey();
  return keys;
}

function parseSealKey(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  throw badKey();
}

function badKey(): CodedError {
  return new CodedError('bad-seal-key', 'a sealing key is 32 bytes, written as 64 hex digits or in base64');
}

export function newSealKey(): Uint8Array {
  return randomBytes(keyBytes);
}

function associated(context: string): Buffer {
  return Buffer.from(`poseidon credential ${version}\0${context}`);
}

function badSeal(): CodedError {
  return new CodedError('bad-seal', 'a sealed credential cannot be opened: is the sealing key the same on every edge and worker?');
}
