import type { OutputView } from '../../addon/browser-host.ts';
import { gapText, rewoundText } from '../../addon/gap-text.ts';
import { SavedSessions } from '../../addon/saved-sessions.ts';
import { type Beginning, SessionRunner } from '../../addon/session-runner.ts';
import type { ClientState } from '../../client/client-host.ts';
import type { Gap } from '../../protocol/gap.ts';
import type { LogTarget } from '../../protocol/target.ts';
import { publishDebug } from '../debug.ts';
import { button, element } from '../element.ts';
import { EndBanner } from '../end-banner.ts';
import { endNotice } from '../end-notice.ts';
import type { SignedIn } from '../open-page.ts';
import { pageDoor } from '../page-door.ts';
import { pageHeader } from '../page-header.ts';
import { StatusBadge } from '../status-badge.ts';
import { placeTitle, terminalLink } from '../target-from-url.ts';
import { saveText } from './download.ts';
import { LineRing } from './line-ring.ts';
import { LogFeed } from './log-feed.ts';
import { LogList } from './log-list.ts';
import { plainText } from './sgr.ts';
import { ShownLines } from './shown-lines.ts';
import { soon } from './soon.ts';

/** A log has no size; the session wants one all the same. */
const size = { cols: 80, rows: 24 };

/** The log of one container on one page. */
export class LogPage implements OutputView {
  readonly #target: LogTarget;
  readonly #runner: SessionRunner;
  readonly #ring = new LineRing();
  readonly #shown = new ShownLines(this.#ring);
  readonly #feed: LogFeed;
  readonly #list: LogList;
  readonly #badge: StatusBadge;
  readonly #banner: EndBanner;
  readonly #count = element('span', { class: 'hint', 'data-testid': 'line-count' });
  readonly #dropped = element('span', { class: 'log-dropped', role: 'status', hidden: true, 'data-testid': 'dropped' });
  readonly #empty = element('p', { class: 'log-empty', hidden: true });
  readonly #filter = element('input', {
    type: 'search',
    placeholder: 'Filter lines',
    'aria-label': 'Filter lines',
    spellcheck: 'false',
    'data-testid': 'log-filter',
  });
  readonly #followButton: HTMLButtonElement;
  readonly #wrapButton: HTMLButtonElement;
  #knownFirst = 0;

  constructor(parts: SignedIn & { readonly target: LogTarget }) {
    this.#target = parts.target;
    document.title = `${placeTitle(parts.target)} – log – Poseidon`;
    this.#feed = new LogFeed({
      ring: this.#ring,
      shown: this.#shown,
      now: () => performance.now(),
      soon,
      changed: () => this.#changedLines(),
    });
    this.#badge = new StatusBadge(
      'log',
      () => this.#feed.behindBytes,
      () => this.#runner.client?.retryNow(),
    );
    this.#banner = new EndBanner(() => this.#readAgain());
    this.#list = new LogList(this.#shown, () => this.#drawFollow());
    this.#followButton = button('Follow', { class: 'quiet', 'data-testid': 'follow' }, () => {
      this.#list.follow = !this.#list.follow;
    });
    this.#wrapButton = button('Wrap', { class: 'quiet', 'aria-pressed': 'true', 'data-testid': 'wrap' }, () => this.#toggleWrap());
    const shell = element('a', { class: 'quiet', href: terminalLink(parts.target), title: 'A shell in this container' }, 'Shell');
    const header = pageHeader(parts.target, shell, this.#badge.root);
    const tools = element(
      'div',
      { class: 'log-tools', role: 'toolbar', 'aria-label': 'Log' },
      this.#filter,
      this.#count,
      this.#dropped,
      this.#followButton,
      this.#wrapButton,
      button('Download', { class: 'quiet', title: 'The lines kept here, as text', 'data-testid': 'download' }, () => this.#download()),
    );
    const main = element('main', { class: 'log', 'data-wrap': 'true' }, tools, this.#empty, this.#list.root);
    document.body.className = 'log-page';
    document.body.replaceChildren(header, main, this.#banner.root);
    this.#filter.addEventListener('input', () => this.#filtered());
    addEventListener('keydown', (event) => this.#key(event));
    this.#runner = new SessionRunner({
      door: pageDoor(parts, parts.target),
      saved: new SavedSessions(parts.target),
      signInAgain: () => parts.signIn.ask('Your sign-in is over.'),
      view: this,
      size: () => size,
    });
    publishDebug({ state: () => this.#runner.client?.state, text: () => this.#text() });
    this.#drawFollow();
    this.#drawCount();
  }

  start(): void {
    this.#runner.start();
    this.#list.root.focus();
  }

  began(beginning: Beginning): void {
    this.#banner.hide();
    if (beginning.kind === 'instead') this.#feed.notice('The session of this tab is gone; this is a new one.');
  }

  output(bytes: Uint8Array, source: 'stdout' | 'stderr', _replayed: boolean, parsed: () => void): void {
    this.#feed.give(bytes, source, parsed);
  }

  gap(gap: Gap): void {
    this.#feed.notice(gapText(gap));
  }

  rewound(bytes: number): void {
    this.#feed.notice(rewoundText(bytes));
  }

  mark(text: string): void {
    if (text !== '') this.#feed.notice(text);
  }

  changed(state: ClientState): void {
    this.#badge.changed(state);
    const notice = endNotice(state.connection, 'Read again', '');
    if (!notice) this.#banner.hide();
    else if (!this.#banner.shown) {
      this.#feed.notice(notice.headline);
      this.#banner.show(notice);
    }
  }

  #changedLines(): void {
    const droppedNow = this.#shown.trim(this.#knownFirst);
    this.#knownFirst = this.#ring.first;
    this.#list.draw(droppedNow);
    this.#drawCount();
  }

  #drawCount(): void {
    const { count } = this.#shown;
    const all = this.#ring.count;
    const lines = (number: number) => number.toLocaleString('en');
    this.#count.textContent = count === all ? `${lines(all)} lines` : `${lines(count)} of ${lines(all)} lines`;
    this.#empty.hidden = count > 0;
    this.#empty.textContent = all === 0 ? 'No lines yet.' : 'No line matches the filter.';
    this.#dropped.hidden = this.#ring.first === 0;
    if (this.#ring.first > 0) this.#dropped.textContent = `${lines(this.#ring.first)} earlier lines dropped by this page`;
  }

  #filtered(): void {
    this.#shown.setFilter(this.#filter.value);
    this.#list.redraw();
    this.#drawCount();
  }

  #toggleWrap(): void {
    const wrap = this.#wrapButton.getAttribute('aria-pressed') !== 'true';
    this.#wrapButton.setAttribute('aria-pressed', String(wrap));
    document.querySelector<HTMLElement>('main.log')?.setAttribute('data-wrap', String(wrap));
    this.#list.redraw();
  }

  #drawFollow(): void {
    const { follow } = this.#list;
    this.#followButton.textContent = follow ? 'Following' : 'Follow';
    this.#followButton.setAttribute('aria-pressed', String(follow));
    this.#followButton.title = follow ? 'Stay where I am (scrolling up does the same)' : 'Go to the newest line and stay there (End)';
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'f' && (event.ctrlKey || event.metaKey) && event.shiftKey === event.ctrlKey) {
      event.preventDefault();
      this.#filter.focus();
    } else if (event.key === 'End' && event.target !== this.#filter) this.#list.follow = true;
    else if (event.key === 'Escape' && event.target === this.#filter) {
      this.#filter.value = '';
      this.#filtered();
      this.#list.root.focus();
    }
  }

  #readAgain(): void {
    this.#ring.clear();
    this.#shown.setFilter(this.#filter.value);
    this.#knownFirst = this.#ring.first;
    this.#list.redraw();
    this.#runner.startNew({ kind: 'new' });
  }

  #text(): string {
    return Array.from(this.#ring, (line) => plainText(line.raw)).join('\n');
  }

  #download(): void {
    const { pod, container } = this.#target;
    saveText([pod, container].filter((part) => part !== '').join('_'), `${this.#text()}\n`);
  }
}
