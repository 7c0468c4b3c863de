import { oneLine } from './plain-text.ts';

/** A line without a time is looked at whole up to this; longer ones are output (bytes). */
export const mostWordsBytes = 4096;

/** What the kubelet writes into a log that it cannot read on, once the answer has begun (facts 2.4). */
const beginnings = [
  'unable to retrieve container logs for ',
  'failed to try resolving symlinks in path ',
  'failed to open log file ',
  'failed to get container status ',
];

/** @param line without a time in front, which a line of the container has @returns the kubelet's words, fit to be shown */
export function kubeletWords(line: Uint8Array): string | undefined {
  if (line.length > mostWordsBytes) return undefined;
  const text = new TextDecoder().decode(line);
  return beginnings.some((beginning) => text.startsWith(beginning)) ? oneLine(text) : undefined;
}
