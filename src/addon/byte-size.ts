/** `812 B`, `3.4 KiB`, `12 MiB`: at most three digits, so that a badge does not jump. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  for (const unit of ['KiB', 'MiB', 'GiB']) {
    if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}
