/**
 * Colours in a log line: the SGR sequences of ECMA-48. Everything else that starts with ESC, and the control characters left, is
 * taken out. A line starts with no colour: what an earlier line left on would depend on where the reader starts.
 */
export interface StyledRun {
  readonly text: string;
  readonly style: Style;
}

interface Style {
  /** 0 to 15 of the palette, or `#rrggbb`; undefined: the page's own. */
  readonly ink?: number | string | undefined;
  readonly ground?: number | string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly inverse?: boolean;
}

/** CSI …, OSC … (ended by BEL or ST), other strings, two-character escapes; then single controls but the tab. */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  /\x1b\[([0-?]*)([ -/]*[@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** Whether a line needs {@link plainText} at all; most do not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const anyControl = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;

export function plainText(line: string): string {
  return anyControl.test(line) ? line.replace(sequences, '') : line;
}

export function styledRuns(line: string): StyledRun[] {
  if (!anyControl.test(line)) return line === '' ? [] : [{ text: line, style: noStyle }];
  const runs: StyledRun[] = [];
  let style: Style = noStyle;
  let at = 0;
  const add = (text: string) => {
    const last = runs.at(-1);
    if (text === '') return;
    if (last && last.style === style) runs[runs.length - 1] = { text: last.text + text, style };
    else runs.push({ text, style });
  };
  for (const match of line.matchAll(sequences)) {
    add(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') style = applySgr(style, match[1] ?? '');
  }
  add(line.slice(at));
  return runs;
}

const noStyle: Style = {};

function applySgr(before: Style, parameters: string): Style {
  if (/[<-?]/.test(parameters)) return before;
  const codes = parameters.split(/[;:]/).map((part) => (part === '' ? 0 : Number(part)));
  let style = before;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number;
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, i + 1);
      i += used;
      if (colour !== undefined) style = { ...style, [code === 38 ? 'ink' : 'ground']: colour };
    } else style = applyCode(style, code);
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  switch (code) {
    case 0:
      return noStyle;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 7:
      return { ...style, inverse: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 27:
      return { ...style, inverse: false };
    case 39:
      return { ...style, ink: undefined };
    case 49:
      return { ...style, ground: undefined };
  }
  if (code >= 30 && code <= 37) return { ...style, ink: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, ground: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, ink: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, ground: code - 92 };
  return style;
}

/** `5;n` and `2;r;g;b` behind 38 or 48. @returns the colour, if it is one, and how many codes it took */
function extendedColour(codes: readonly number[], at: number): [number | string | undefined, number] {
  if (codes[at] === 5) return [indexedColour(codes[at + 1]), 2];
  if (codes[at] === 2) return [hexColour(codes.slice(at + 1, at + 4)), 4];
  return [undefined, 0];
}

/** The 256 colours: 16 of the palette, a cube of six steps, a ramp of greys. */
function indexedColour(index: number | undefined): number | string | undefined {
  if (index === undefined || !(index >= 0 && index <= 255)) return undefined;
  if (index < 16) return index;
  if (index >= 232) return hexColour(Array(3).fill(8 + (index - 232) * 10));
  const cube = index - 16;
  return hexColour([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)));
}

function hexColour(parts: readonly number[]): string | undefined {
  if (parts.length < 3 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) return undefined;
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
