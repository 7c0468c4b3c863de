import type { OutputView } from '../../addon/browser-host.ts';
import { byteSize } from '../../addon/byte-size.ts';
import { lossText } from '../../addon/gap-text.ts';
import { SavedSessions } from '../../addon/saved-sessions.ts';
import { type Beginning, SessionRunner } from '../../addon/session-runner.ts';
import { endOfTransmission, withLineEnds } from '../../addon/terminal-input.ts';
import { TerminalOutput } from '../../addon/terminal-output.ts';
import type { ClientState } from '../../client/client-host.ts';
import type { Gap } from '../../protocol/gap.ts';
import type { Target } from '../../protocol/target.ts';
import { publishDebug } from '../debug.ts';
import { button, element } from '../element.ts';
import { EndBanner } from '../end-banner.ts';
import { endNotice } from '../end-notice.ts';
import type { SignedIn } from '../open-page.ts';
import { pageDoor } from '../page-door.ts';
import { pageHeader } from '../page-header.ts';
import { StatusBadge } from '../status-badge.ts';
import { logLink, placeTitle } from '../target-from-url.ts';
import { terminalKeys } from './keys.ts';
import { SearchBar } from './search-bar.ts';
import { SkipOffer } from './skip-offer.ts';
import { TerminalView } from './terminal-view.ts';

export interface TerminalPageParts extends SignedIn {
  readonly target: Exclude<Target, { kind: 'log' }>;
  readonly plainRenderer: boolean;
  readonly screenReader: boolean;
}

/** Ctrl-C. */
const interrupt = 0x03;
const nothingQueued = { bytes: 0, ms: 0 };

/** One shell on one page. */
export class TerminalPage implements OutputView {
  readonly #target: TerminalPageParts['target'];
  readonly #title: string;
  readonly #runner: SessionRunner;
  readonly #view: TerminalView;
  readonly #badge: StatusBadge;
  readonly #banner: EndBanner;
  readonly #takeControl: HTMLButtonElement;
  /** Stays in sight where a full-screen program paints over the line in the terminal. */
  readonly #loss = element('span', { class: 'warning-note', role: 'alert', hidden: true, 'data-testid': 'loss' });
  readonly #output: TerminalOutput;
  readonly #skipButton = button('', { class: 'primary', hidden: true, 'data-testid': 'skip-output' }, () => {
    this.#skip.accept();
    this.#view.focus();
  });
  readonly #skip = new SkipOffer({
    show: (queuedBytes) => {
      this.#skipButton.textContent = `Skip ${byteSize(queuedBytes)} of output (Ctrl-C again)`;
      this.#skipButton.hidden = false;
    },
    hide: () => {
      this.#skipButton.hidden = true;
    },
    skip: () => this.#runner.client?.skip(),
  });

  constructor(parts: TerminalPageParts) {
    this.#target = parts.target;
    this.#title = `${placeTitle(parts.target)} – Poseidon`;
    document.title = this.#title;
    this.#badge = new StatusBadge(
      'terminal',
      () => this.#output.behindBytes,
      () => this.#runner.client?.retryNow(),
    );
    this.#takeControl = button('Take control', { class: 'primary', hidden: true, 'data-testid': 'take-control' }, () => {
      this.#runner.client?.takeControl();
      this.#view.focus();
    });
    this.#banner = new EndBanner(() => this.#startNew());
    const screen = element('main', { class: 'screen', 'data-testid': 'terminal', 'aria-label': 'Terminal' });
    const header = pageHeader(
      parts.target,
      this.#loss,
      this.#skipButton,
      this.#takeControl,
      element('a', { class: 'quiet', href: logLink(parts.target), title: 'The log of this container' }, 'Log'),
      button('Find', { class: 'quiet', title: 'Find in the terminal (Ctrl-Shift-F)' }, () => search.open()),
      button('End', { class: 'quiet', title: 'End this session for everybody', 'data-testid': 'end' }, () => this.#end()),
      this.#badge.root,
    );
    document.body.className = 'terminal-page';
    document.body.replaceChildren(...(parts.screenReader ? [] : [screenReaderLink()]), header, screen, this.#banner.root);
    this.#view = new TerminalView({
      parent: screen,
      tty: parts.target.tty,
      plainRenderer: parts.plainRenderer,
      screenReader: parts.screenReader,
      typed: (bytes) => this.#typed(bytes),
      replaying: () => this.#output.replaying,
      titled: (title) => {
        document.title = title === '' ? this.#title : `${title} – ${this.#title}`;
      },
      resized: (cols, rows) => this.#runner.client?.resized(cols, rows),
    });
    this.#view.outside.allow(parts.api.outsideActions);
    this.#output = new TerminalOutput({
      terminal: this.#view.terminal,
      tty: parts.target.tty,
      resize: (cols, rows) => this.#runner.client?.resized(cols, rows),
    });
    const search = new SearchBar(this.#view.search, () => this.#view.focus());
    header.after(search.root);
    terminalKeys(this.#view.terminal, {
      find: () => search.open(),
      leave: () => header.querySelector<HTMLElement>('a, button')?.focus(),
    });
    this.#runner = new SessionRunner({
      door: pageDoor(parts, parts.target),
      saved: new SavedSessions(parts.target),
      signInAgain: () => parts.signIn.ask('Your sign-in is over.'),
      view: this,
      size: () => this.#view.size,
    });
    publishDebug({ state: () => this.#runner.client?.state, text: () => this.#view.text(), size: () => this.#view.size });
  }

  start(): void {
    this.#runner.start();
    this.#view.focus();
  }

  began(beginning: Beginning): void {
    this.#banner.hide();
    if (beginning.kind !== 'instead') return;
    const why = beginning.text === '' ? '' : ` (${beginning.text})`;
    this.#output.notice(`the shell of this tab is gone${why}; this is a new one`, 'note');
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', replayed: boolean, parsed: () => void): void {
    this.#output.output(bytes, source, replayed, parsed);
  }

  gap(gap: Gap): void {
    this.#output.gap(gap);
  }

  rewound(bytes: number): void {
    this.#output.rewound(bytes);
  }

  mark(text: string): void {
    if (text !== '') this.#output.notice(text, 'note');
  }

  changed(state: ClientState): void {
    this.#badge.changed(state);
    const { connection } = state;
    this.#skip.changed(this.#runner.client?.queued ?? nothingQueued, state.driving);
    this.#takeControl.hidden = state.driving || connection.kind !== 'attached';
    const loss = lossText(state);
    this.#loss.hidden = loss === '';
    if (this.#loss.textContent !== loss) this.#loss.textContent = loss;
    const notice = endNotice(connection, 'New session', 'Enter: new session');
    if (notice) this.#output.finishCharacters();
    if (!notice) this.#banner.hide();
    else if (!this.#banner.shown) this.#banner.show(notice);
  }

  #typed(bytes: Uint8Array): void {
    const { client } = this.#runner;
    if (!client) return;
    if (this.#banner.shown) {
      if (bytes.length === 1 && bytes[0] === 0x0d) this.#startNew();
      return;
    }
    if (!this.#target.tty && bytes.length === 1 && bytes[0] === endOfTransmission) {
      if (client.endInput()) this.#output.notice('end of input', 'note');
      return;
    }
    if (client.type(this.#target.tty ? bytes : withLineEnds(bytes))) {
      if (bytes.length === 1 && bytes[0] === interrupt) this.#skip.interrupted(client.queued);
      return;
    }
    if (client.state.driving)
      this.#output.notice(`${byteSize(bytes.length)} of typing did not fit beside what waits; nothing of it was sent`, 'note');
    else this.#takeControl.animate(flash, { duration: 400 });
  }

  #startNew(): void {
    this.#output.notice('new session', 'seam');
    this.#runner.startNew({ kind: 'new' });
    this.#view.focus();
  }

  #end(): void {
    if (this.#banner.shown || confirm(`End the session in ${this.#target.pod}? What runs in it is stopped.`)) this.#runner.client?.end();
  }
}

/** The first stop of the Tab key, seen only while it has the focus: the same page with a text that screen readers can read. */
function screenReaderLink(): HTMLElement {
  const link = new URL(location.href);
  link.searchParams.set('screenReader', 'true');
  return element('a', { class: 'skip', href: link.pathname + link.search }, 'Open for a screen reader');
}

const flash: Keyframe[] = [{ outlineOffset: '6px', outline: '2px solid currentColor' }, { outlineOffset: '0' }];
