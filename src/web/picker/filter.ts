/** Whether every word of the filter occurs in one of the texts, in any order, upper and lower case alike. */
export function matchesFilter(filter: string, ...texts: readonly string[]): boolean {
  const whole = texts.join('\n').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}
