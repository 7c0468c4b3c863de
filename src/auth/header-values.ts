import type { HeaderSource } from './authenticator.ts';

/** The token of `Authorization: Bearer …`. */
export function bearerToken(request: HeaderSource): string | undefined {
  return /^bearer +([\x21-\x7e]+)$/i.exec(request.header('authorization') ?? '')?.[1];
}

/** The first cookie of that name, not decoded. */
export function cookie(request: HeaderSource, name: string): string | undefined {
  for (const part of (request.header('cookie') ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
