import type { Terminal } from '@xterm/xterm';

export interface KeyActions {
  readonly find: () => void;
  /** Moves the focus out of the terminal, which swallows Tab. */
  readonly leave: () => void;
}

/**
 * Keys that are the page's and not the process's: Ctrl-Shift-C copies the selection, Ctrl-Shift-V pastes, Ctrl-Shift-F finds,
 * Shift-Escape leaves the terminal. On a Mac the browser's own Command keys copy and paste.
 */
export function terminalKeys(terminal: Terminal, actions: KeyActions): void {
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'Escape' && event.shiftKey) return handled(event, actions.leave);
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    switch (event.code) {
      case 'KeyC':
        return handled(event, () => copy(terminal));
      case 'KeyF':
        return handled(event, actions.find);
      case 'KeyV':
        // The browser pastes by itself; xterm brackets it when the process asked for that.
        return false;
      default:
        return true;
    }
  });
}

function handled(event: KeyboardEvent, act: () => void): false {
  event.preventDefault();
  if (event.type === 'keydown') act();
  return false;
}

function copy(terminal: Terminal): void {
  const text = terminal.getSelection();
  if (text === '') return;
  // Without a secure context there is no clipboard object; xterm answers the old command from its selection.
  if (navigator.clipboard) navigator.clipboard.writeText(text).catch(() => document.execCommand('copy'));
  else document.execCommand('copy');
}
