import type { ITheme } from '@xterm/xterm';

/** Colours of the terminal; the page around it has the same ground (`base.css`). */
const dark: ITheme = {
  background: '#0b1318',
  foreground: '#d3dde2',
  cursor: '#45b8cb',
  cursorAccent: '#0b1318',
  selectionBackground: '#27505e',
  black: '#1b272e',
  red: '#ec6a6a',
  green: '#63b97c',
  yellow: '#d9a94a',
  blue: '#5c9fe0',
  magenta: '#b98adf',
  cyan: '#45b8cb',
  white: '#c3cfd5',
  brightBlack: '#6f858f',
  brightRed: '#ff8b87',
  brightGreen: '#86d79c',
  brightYellow: '#f0c674',
  brightBlue: '#84bdf5',
  brightMagenta: '#d2aaf2',
  brightCyan: '#74d4e3',
  brightWhite: '#f2f6f8',
};

const light: ITheme = {
  background: '#fdfefe',
  foreground: '#1a262d',
  cursor: '#0a7285',
  cursorAccent: '#fdfefe',
  selectionBackground: '#b9dfe7',
  black: '#1a262d',
  red: '#b3261e',
  green: '#1d7a3f',
  yellow: '#8a5d00',
  blue: '#1b5fae',
  magenta: '#7b3aab',
  cyan: '#0a7285',
  white: '#5d707a',
  brightBlack: '#6b7f89',
  brightRed: '#c9372c',
  brightGreen: '#2a8f4e',
  brightYellow: '#9c6c00',
  brightBlue: '#2b72c4',
  brightMagenta: '#8e4cc0',
  brightCyan: '#13869b',
  brightWhite: '#33444d',
};

/** Follows the system: calls `use` now and whenever the person changes it. */
export function followTheme(use: (theme: ITheme) => void): void {
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => use(prefersDark.matches ? dark : light);
  prefersDark.addEventListener('change', apply);
  apply();
}
