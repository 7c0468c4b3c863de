import type { HttpResponse } from '../listener.ts';

/** On every answer. Scripts and styles come from this edge only; nothing inline, nothing from elsewhere. */
export function withSecurityHeaders(answer: HttpResponse, frameAncestors: readonly string[]): HttpResponse {
  const isPage = answer.headers['content-type']?.startsWith('text/html') === true;
  const ancestors = `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ')}`;
  const policy = isPage ? "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'" : "default-src 'none'";
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'content-security-policy': `${policy}; ${ancestors}`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      ...(isPage ? { 'cross-origin-opener-policy': 'same-origin', 'permissions-policy': 'camera=(), geolocation=(), microphone=()' } : {}),
    },
  };
}
