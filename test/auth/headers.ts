import type { HeaderSource } from '../../src/auth/authenticator.ts';

export function headers(values: Record<string, string>): HeaderSource {
  return { header: (name) => values[name] };
}
