import { element } from '../element.ts';

/** Long enough for the browser to have started the download; then the copy in memory is let go. */
const releaseAfterMs = 10_000;

/** Hands the text to the browser as a file `<name>_<time>.log`. */
export function saveText(name: string, text: string): void {
  const time = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19);
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  element('a', { href: url, download: `${name}_${time}.log` }).click();
  setTimeout(() => URL.revokeObjectURL(url), releaseAfterMs);
}
