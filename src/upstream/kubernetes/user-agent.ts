/** Rancher applies its browser rules to a User-Agent with "mozilla" in it (facts 1.5): always our own, never the browser's. */
export function userAgent(version: string): { readonly [name: string]: string } {
  return { 'User-Agent': `poseidon/${version}` };
}
