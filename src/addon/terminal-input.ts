import type { IDisposable, Terminal } from '@xterm/xterm';

/** Keys, pastes, mouse reports and the terminal's answers, as bytes. */
export function terminalInput(terminal: Terminal, typed: (bytes: Uint8Array) => void): readonly IDisposable[] {
  const encoder = new TextEncoder();
  return [
    terminal.onData((text) => typed(encoder.encode(text))),
    // Old mouse reports are bytes, one a character: encoding them as UTF-8 would change those above 127.
    terminal.onBinary((text) => typed(Uint8Array.from(text, (character) => character.charCodeAt(0)))),
  ];
}

/** Ctrl-D. A terminal makes the end of input of it. */
export const endOfTransmission = 0x04;

/** Enter is a carriage return; what turns it into the end of a line is the process's terminal. This is for a process that has none. */
export function withLineEnds(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0x0d ? 0x0a : byte));
}
