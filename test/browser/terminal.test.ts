import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { Pages } from './pages.ts';
import { relays } from './relays.ts';
import { query, type RelayPage } from './support.ts';

describe.each(relays)('the terminal page, %s', (name, start) => {
  const pictures = name.startsWith('npm start');
  const pages = Pages.ofSuite(start);

  /** A shell in a page of its own, its prompt there. */
  async function openShell(options = ''): Promise<RelayPage> {
    const page = await pages.open(`/terminal?${query(pages.relay.shell)}${options}`);
    await page.attached();
    await page.shows(/[$#] *$/);
    return page;
  }

  it('[ED1] refuses a wrong token with a clear message, and keeps the right one out of the address', async () => {
    const page = await pages.open();
    await page.page.goto(`${pages.relay.url}/#token=wrong`);
    await page.byId('sign-in').waitFor();
    expect(page.page.url()).toBe(`${pages.relay.url}/`);
    expect(await page.byId('sign-in-problem').textContent()).toContain('not the right one');
    if (pictures) await page.screenshot('sign-in');
    await page.byId('sign-in-token').fill(pages.relay.accessToken);
    await page.page.keyboard.press('Enter');
    await page.byId('picker').waitFor();
    expect(page.page.url()).toBe(`${pages.relay.url}/`);
  });

  it('[WP1] opens a shell in a picked pod, and shows characters whose bytes come apart', async () => {
    const page = await pages.open('/');
    const { namespace, pod, container } = pages.relay.shell;
    await page.page.locator(`[data-testid=namespace-row][data-key="${namespace}"] button`).click();
    const row = page.page.locator(`[data-pod="${pod}"] [data-container="${container}"]`);
    await row.waitFor();
    if (pictures) await page.screenshot('picker');
    await row.getByTestId('open-shell').click();
    await page.attached();
    await page.shows(/[$#] *$/);
    await page.type(`printf 'h\\303\\251llo %s\\n' "$((40+2))"\n`);
    await page.shows(/^héllo 42$/m);
    expect(await page.page.title()).toContain(`${container} · ${pod}`);
    if (pictures) await drawTerminal(page);
    expect(page.complaints).toEqual([]);
  });

  it('[UP1] attaches to the main process of a container, from the picker', async () => {
    const page = await pages.open(`/?namespace=${pages.relay.shell.namespace}`);
    // On either cluster a container whose main process is a shell on a terminal.
    await page.page.locator('[data-pod="toolbox"], [data-pod="shell"]').getByTestId('open-attach').click();
    await page.attached();
    await page.type(`echo joined-$((6*7))\n`);
    await page.shows(/^joined-42$/m);
    expect(new URL(page.page.url()).searchParams.get('attach')).toBe('true');
  });

  it('picks with the keyboard alone', async () => {
    const page = await pages.open('/');
    const { keyboard } = page.page;
    await page.page.locator('[data-testid=namespace-row]').first().waitFor();
    await page.page.waitForFunction('document.activeElement?.dataset.testid === "filter-namespaces"');
    await keyboard.type(pages.relay.shell.namespace);
    await keyboard.press('Enter');
    await page.page.waitForFunction('document.activeElement?.dataset.testid === "filter-pods"');
    await page.page.locator(`[data-pod="${pages.relay.shell.pod}"]`).waitFor();
    await keyboard.type(`${pages.relay.shell.pod} ${pages.relay.shell.container}`);
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await page.attached();
    await page.page.keyboard.press('Shift+Escape');
    expect(await page.page.evaluate('document.activeElement.closest("header") !== null')).toBe(true);
  });

  it('tells the process its size when the window changes', async () => {
    const shell = await openShell();
    await shell.type('stty size\n');
    const [, , before] = await shell.shows(/^(\d+) (\d+)$/m);
    await shell.page.setViewportSize({ width: 700, height: 400 });
    await until(async () => {
      await shell.type('stty size\n');
      return (await shell.shows(/^\d+ \d+$(?![\s\S]*^\d+ \d+$)/m))[0].split(' ')[1] !== before;
    });
    const { cols, rows } = await shell.page.evaluate<{ cols: number; rows: number }>('window.poseidon.size()');
    await shell.shows(new RegExp(`^${rows} ${cols}$`, 'm'));
  });

  it('[RS1] keeps shell and screen over a reload of the page, and repeats nothing', async () => {
    const shell = await openShell();
    await shell.type('echo "shell is $$"; seq 1 300\n');
    const [line] = await shell.shows(/^shell is \d+$/m);
    await shell.shows(/^300\n.*[$#] *$/m);
    const before = await shell.text();
    await shell.page.reload();
    await until(async () => (await shell.text()) === before, { what: 'the same text' });
    await shell.attached();
    await shell.type('echo "again: shell is $$"\n');
    await shell.shows(new RegExp(`^again: ${line}$`, 'm'));
    expect((await shell.text()).match(/^300$/gm)).toHaveLength(1);
    expect((await shell.state())?.faults).toEqual({ mismatches: 0, gaps: 0, gapBytes: 0, rewinds: 0 });
  });

  it('[RS1] does not answer again, after a reload, what was asked of the terminal before', async () => {
    const shell = await openShell();
    // Asks for the device's attributes, reads the answer, shows its printable part.
    await shell.type(
      `stty -icanon -echo; printf '\\033[c'; dd bs=1 count=7 2>/dev/null | od -An -c | tr -d ' \\n'; stty sane; echo " was it"\n`,
    );
    await shell.shows(/033\[\?1;2c was it\n.*[$#] *$/m);
    const before = await shell.text();
    await shell.page.reload();
    await until(async () => (await shell.text()) === before, { what: () => 'the same text' });
    await shell.type('echo clean\n');
    await shell.shows(/[$#] echo clean\nclean$/m);
  });

  it('[RS4] sends what is typed while the connection is away, once', async () => {
    const shell = await openShell();
    await shell.type('echo first $$\n');
    await shell.shows(/^first \d+$/m);
    await shell.page.context().setOffline(true);
    await shell.page.evaluate('window.dispatchEvent(new Event("offline"))');
    await shell.type('echo second $$\n');
    await shell.page.context().setOffline(false);
    await shell.shows(/^second \d+$/m);
    expect((await shell.text()).match(/^second \d+$/gm)).toHaveLength(1);
  });

  it('[UP4] shows the exit code, keeps the screen, and opens a new session on Enter', async () => {
    const shell = await openShell();
    await shell.type('echo "shell is $$"; exit 3\n');
    const [line] = await shell.shows(/^shell is \d+$/m);
    await shell.byId('end-headline').waitFor();
    expect(await shell.byId('end-headline').textContent()).toBe('ended: exit code 3');
    expect(await shell.text()).toContain(line);
    if (pictures) await shell.screenshot('terminal-ended');
    await shell.page.keyboard.press('Enter');
    await shell.byId('end-banner').waitFor({ state: 'hidden' });
    await shell.shows(/new session[\s\S]*[$#] *$/);
    await shell.type('echo "now $$"\n');
    expect((await shell.shows(/^now (\d+)$/m))[1]).not.toBe(line.split(' ')[2]);
  });

  it('says so when the shell of before the reload is gone', async () => {
    const shell = await openShell();
    await shell.page.evaluate(`for (const [name, value] of Object.entries(sessionStorage)) {
      sessionStorage.setItem(name, JSON.stringify({ ...JSON.parse(value), session: 'x'.repeat(21) }));
    }`);
    const kept = await shell.page.evaluate('JSON.stringify(sessionStorage)');
    await shell.page.addInitScript(`for (const [name, value] of Object.entries(${kept})) sessionStorage.setItem(name, value);`);
    await shell.page.reload();
    // A server that has just started may still be given the session back for 30 s (LG11).
    await shell.shows(/the shell of this tab is gone .*; this is a new one[\s\S]*[$#] *$/, 60_000);
  }, 90_000);

  it('runs a command of the link, in colours, with the DOM renderer and its strict policy', async () => {
    const page = await pages.open();
    const command = ['sh', '-c', "printf '\\033[38;2;255;100;0mtrue colour\\033[0m'; sleep 60"];
    const parts = command.map((part) => `&command=${encodeURIComponent(part)}`).join('');
    await page.goSignedIn(`/terminal?${query(pages.relay.shell)}${parts}&renderer=dom`);
    await page.shows(/true colour/);
    const ink = `[...document.querySelectorAll('.xterm-rows span')].find((span) => span.textContent.includes('true'))`;
    await until(async () => (await page.page.evaluate(`${ink} && getComputedStyle(${ink}).color`)) === 'rgb(255, 100, 0)');
    expect(page.complaints).toEqual([]);
  });

  it('[WP1] shows lines and characters of a command without a terminal whole, also where its two streams meet', async () => {
    const page = await pages.open();
    // Each half of an é and of a ü from its own stream, one after the other.
    const halves =
      "printf 'one\\ntwo\\n\\303'; sleep 0.3; printf '\\303' >&2; sleep 0.3; printf '\\251'; sleep 0.3; printf '\\274\\n' >&2; echo last";
    const parts = ['sh', '-c', halves].map((part) => `&command=${encodeURIComponent(part)}`).join('');
    await page.goSignedIn(`/terminal?${query(pages.relay.shell)}${parts}&tty=false`);
    await page.shows(/last/);
    // Which of both streams is first is nobody's to say.
    await page.shows(/^one\ntwo\n/m);
    for (const whole of ['é', 'ü']) await page.shows(new RegExp(whole));
    expect(await page.text()).not.toContain('\ufffd');
    const reading = ['sh', '-c', 'echo ready; read line; echo "it read <$line>"']
      .map((part) => `&command=${encodeURIComponent(part)}`)
      .join('');
    await page.goSignedIn(`/terminal?${query(pages.relay.shell)}${reading}&tty=false`);
    await page.shows(/ready/);
    await page.type('a line\n');
    await page.shows(/it read <a line>/);
    const counting = ['sh', '-c', 'echo ready; wc -l'].map((part) => `&command=${encodeURIComponent(part)}`).join('');
    await page.goSignedIn(`/terminal?${query(pages.relay.shell)}${counting}&tty=false`);
    await page.shows(/ready/);
    await page.type('one\ntwo\n');
    await page.page.keyboard.press('Control+d');
    await page.shows(/^ *2$/m);
    expect(page.complaints).toEqual([]);
  });

  it('[WP1] reports the mouse in bytes, also right of where a byte is no ASCII any more', async () => {
    const page = await pages.open();
    const reading = "stty raw -echo; printf '\\033[?1000hready'; head -c 6 | od -An -tx1";
    const parts = ['sh', '-c', reading].map((part) => `&command=${encodeURIComponent(part)}`).join('');
    await page.goSignedIn(`/terminal?${query(pages.relay.shell)}${parts}`);
    await page.shows(/ready/);
    const screen = await page.page.locator('.xterm-screen').boundingBox();
    if (!screen) throw new Error('no screen');
    await page.page.mouse.click(screen.x + screen.width - 20, screen.y + 40);
    // The column, and 32, as one byte; as UTF-8 it would be two.
    await page.shows(/1b 5b 4d 20 [89a-f][0-9a-f] [23][0-9a-f]/);
  });

  it('finds text', async () => {
    const shell = await openShell();
    await shell.type('seq 100 120\n');
    await shell.shows(/^120$/m);
    await shell.page.keyboard.press('Control+Shift+F');
    await shell.page.getByLabel('Find in the terminal', { exact: true }).fill('11');
    await until(async () => /of 1\d$/.test((await shell.byId('search-bar').locator('output').textContent()) ?? ''));
    await shell.page.keyboard.press('Escape');
    await shell.type('echo back\n');
    await shell.shows(/^back$/m);
  });

  it('a link to a pod that is not there says so', async () => {
    const page = await pages.open(`/terminal?${query({ ...pages.relay.shell, pod: 'nobody' })}`);
    await page.byId('end-banner').waitFor();
    expect(await page.byId('end-banner').textContent()).toMatch(/not found|no pod|does not exist/i);
  });
});

/** Something to look at: colours, a table, the badge with its round trip. */
async function drawTerminal(shell: RelayPage): Promise<void> {
  const commands = [
    "printf '\\033[1;%sm%s\\033[0m  ' 31 red 32 green 33 yellow 34 blue 35 magenta 36 cyan; echo",
    'ls -l --color=always /usr',
    'stty size; echo $TERM',
  ];
  for (const command of commands) {
    await shell.type(`${command}\n`);
    await shell.shows(/[$#] *$/);
  }
  await shell.shows(/xterm\S*\n.*[$#] *$/);
  await until(async () => (await shell.state())?.edgeRttMs !== undefined);
  await shell.screenshot('terminal');
}
