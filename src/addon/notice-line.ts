/**
 * Puts a terminal whose stream was cut back to a known state, without clearing the screen: ends a broken escape sequence or character
 * (CAN, ST), leaves the alternate screen, resets attributes, margins and keypad (DECSTR), mouse and paste modes. The cursor is saved
 * first, because leaving an alternate screen that was not entered would otherwise move it to the top.
 */
const calm = '\x18\x1b\\\x1b7\x1b[?1049l\x1b[!p\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[0m';

/** `gap`: bytes before it are missing. `seam`: another process writes from here. `note`: the stream is whole. */
export type NoticeKind = 'gap' | 'seam' | 'note';

/** One line of the page's own in the terminal. `text` is ours, not the upstream's; control characters are taken out all the same. */
export function noticeLine(text: string, kind: NoticeKind): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const shown = text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ');
  return `${kind === 'note' ? '\x1b[0m' : calm}\r\n\x1b[${kind === 'gap' ? '30;43' : '2'}m ${shown} \x1b[0m\r\n`;
}
