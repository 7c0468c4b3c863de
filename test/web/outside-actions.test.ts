import headless from '@xterm/headless';
import type { Terminal } from '@xterm/xterm';
import { describe, expect, it } from 'vitest';
import type { OutsideAction } from '../../src/web/api.ts';
import { OutsideActions } from '../../src/web/terminal/outside-actions.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const clipboard = (data: string) => `\x1b]52;${data}\x07`;

/** A terminal whose program tries everything, and what came of it. */
class Page {
  readonly copied: string[] = [];
  readonly titles: string[] = [];
  readonly opened: string[] = [];
  readonly asked: string[] = [];
  readonly answered: string[] = [];
  replaying = false;
  yes = true;
  readonly terminal = new headless.Terminal({ allowProposedApi: true }) as unknown as Terminal;

  constructor(...allowed: OutsideAction[]) {
    const actions = new OutsideActions(this.terminal, {
      confirm: (question) => {
        this.asked.push(question);
        return this.yes;
      },
      open: (address) => this.opened.push(address),
      copy: (text) => this.copied.push(text),
      title: (title) => this.titles.push(title),
      replaying: () => this.replaying,
    });
    this.terminal.onData((data) => this.answered.push(data));
    actions.allow(allowed);
  }

  print(text: string): Promise<void> {
    return new Promise((resolve) => this.terminal.write(text, resolve));
  }

  click(address: string): void {
    this.terminal.options.linkHandler?.activate({} as MouseEvent, address, {} as never);
  }
}

describe('what a program may do outside of its terminal', () => {
  it('[ED8] is nothing unless it is allowed', async () => {
    const page = new Page();
    await page.print(
      `${clipboard(`c;${base64('rm -rf /')}`)}\x1b]0;title\x07\x1b]2;title\x07\x1b]8;;https://evil.example\x07text\x1b]8;;\x07`,
    );
    page.click('https://evil.example');
    expect([page.copied, page.titles, page.opened, page.asked]).toEqual([[], [], [], []]);
    expect(page.terminal.buffer.active.getLine(0)?.translateToString(true)).toBe('text');
  });

  it('[ED8] the clipboard is written, never read, and not again after a reload', async () => {
    const page = new Page('clipboard');
    await page.print(clipboard(`c;${base64('héllo\n')}`));
    for (const data of ['c;?', '?', 'c;', 'c;not base64!', `c;${Buffer.of(0xff, 0xfe).toString('base64')}`, `c;${'A'.repeat(400_000)}`])
      await page.print(clipboard(data));
    page.replaying = true;
    await page.print(clipboard(`c;${base64('again')}`));
    expect(page.copied).toEqual(['héllo\n']);
    expect(page.answered).toEqual([]);
  });

  it('[ED8] a title is short and has no characters that steer', async () => {
    const page = new Page('title');
    await page.print(`\x1b]0;vim\u202e notes\u200b\x07\x1b]2;${'x'.repeat(500)}\x07`);
    expect(page.titles).toEqual(['vim notes', 'x'.repeat(100)]);
  });

  it('[ED8] a link says where it leads before it is followed, and leads to the web only', async () => {
    const page = new Page('links');
    page.click('https://example.org/a');
    page.yes = false;
    page.click('http://example.org/b');
    for (const address of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', ' https://example.org']) page.click(address);
    expect(page.asked).toEqual([expect.stringContaining('https://example.org/a'), expect.stringContaining('http://example.org/b')]);
    expect(page.opened).toEqual(['https://example.org/a']);
    expect(page.terminal.options.linkHandler?.allowNonHttpProtocols).toBe(false);
  });
});
