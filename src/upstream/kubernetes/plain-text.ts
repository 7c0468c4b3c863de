/**
 * Text of an upstream, fit to travel inside an `exit` entry: no control characters, at most `maxBytes` as JSON, so that the entry stays
 * within the limit for control JSON whatever the upstream wrote. To be shown as text only.
 */
export function plainText(text: string, maxBytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is the purpose
  const clean = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ').trim();
  if (jsonBytes(clean) <= maxBytes) return clean;
  // One character is at most 6 bytes of JSON: the first guess always fits.
  let kept = Math.min(clean.length, Math.floor((maxBytes - 3) / 6));
  for (let step = Math.min(clean.length, maxBytes) - kept; step > 0; step = Math.floor(step / 2)) {
    while (kept + step <= clean.length && jsonBytes(`${clean.slice(0, kept + step)}…`) <= maxBytes) kept += step;
  }
  return `${clean.slice(0, kept).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** One plain sentence inside a message of ours. */
export function oneLine(text: string): string {
  return plainText(text, messageBytes).replace(/\s+/g, ' ');
}

/** The raw status or refusal as it is kept beside the message. */
export const rawStatusBytes = 4096;
const messageBytes = 1024;

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
