import headless from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { noticeLine } from '../../src/addon/notice-line.ts';
import { ReplayGuard } from '../../src/addon/replay-guard.ts';

class Screen {
  readonly terminal = new headless.Terminal({ allowProposedApi: true, cols: 60, rows: 8 });

  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.terminal.write(text, resolve));
  }

  get lines(): string[] {
    const { active } = this.terminal.buffer;
    return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? '');
  }

  get text(): string {
    return this.lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }
}

describe('a notice in the terminal', () => {
  it('[LG7] stands on a line of its own and keeps what was there', async () => {
    const screen = new Screen();
    await screen.write('one\r\ntwo half');
    await screen.write(noticeLine('3 KiB missing', 'gap'));
    await screen.write('three');
    expect(screen.text).toBe('one\ntwo half\n 3 KiB missing\nthree');
  });

  it.each([
    ['an escape sequence', '\x1b[38;5'],
    ['a title', '\x1b]0;half a tit'],
    ['a device control string', '\x1bPq#0;2;0;0;0'],
  ])('[LG7] is not swallowed by %s that was cut', async (_what, cut) => {
    const screen = new Screen();
    await screen.write(`text${cut}`);
    await screen.write(noticeLine('missing', 'gap'));
    await screen.write('on');
    expect(screen.text).toBe('text\n missing\non');
  });

  it('[LG7] is not swallowed by a character that was cut', async () => {
    const screen = new Screen();
    await screen.write(Uint8Array.from([0x61, 0xf0, 0x9f]));
    await screen.write(new TextEncoder().encode(noticeLine('missing', 'gap')));
    expect(screen.text).toContain('missing');
  });

  it('[LG7] leaves the alternate screen and its modes, back to where the shell was', async () => {
    const screen = new Screen();
    await screen.write('shell\r\n$ vim');
    await screen.write('\x1b[?1049h\x1b[?1000h\x1b[?2004h\x1b[7m\x1b[3;5r~full screen');
    expect(screen.terminal.modes.mouseTrackingMode).toBe('vt200');
    await screen.write(noticeLine('missing', 'gap'));
    expect(screen.terminal.buffer.active.type).toBe('normal');
    expect(screen.terminal.modes).toMatchObject({ mouseTrackingMode: 'none', bracketedPasteMode: false });
    expect(screen.text).toBe('shell\n$ vim\n missing');
  });

  it('takes control characters out of its text', async () => {
    const screen = new Screen();
    await screen.write(noticeLine('a\x1b[2Jb\nc', 'note'));
    expect(screen.text).toBe('\n a [2Jb c');
  });
});

describe('the guard of a replay', () => {
  const questions = [
    '\x1b[c',
    '\x1b[>c',
    '\x1b[6n',
    '\x1b[?6n',
    '\x1b[5n',
    '\x1b[?25$p',
    '\x1b[4$p',
    '\x1bP$qm\x1b\\',
    '\x1b[>q',
    '\x1b]11;?\x07',
  ];

  it.each(questions)('[RS1] does not answer %j again', async (question) => {
    const screen = new Screen();
    const answers: string[] = [];
    screen.terminal.onData((data) => answers.push(data));
    const guard = new ReplayGuard(screen.terminal.parser as unknown as ConstructorParameters<typeof ReplayGuard>[0]);
    guard.replaying = true;
    await screen.write(`before${question}after`);
    expect(answers).toEqual([]);
    expect(screen.text).toBe('beforeafter');
  });

  it('[RS1] answers what is asked after it, and passes what a person types', async () => {
    const screen = new Screen();
    const answers: string[] = [];
    screen.terminal.onData((data) => answers.push(data));
    const guard = new ReplayGuard(screen.terminal.parser as unknown as ConstructorParameters<typeof ReplayGuard>[0]);
    guard.replaying = true;
    screen.terminal.input('x');
    await screen.write('\x1b]0;title\x07');
    guard.replaying = false;
    await screen.write('\x1b[c');
    expect(answers).toEqual(['x', '\x1b[?1;2c']);
  });
});
