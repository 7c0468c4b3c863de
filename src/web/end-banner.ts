import { button, element } from './element.ts';

export interface EndNotice {
  readonly tone: 'good' | 'bad';
  /** `ended: exit code 3`. */
  readonly headline: string;
  /** A sentence more; empty for none. */
  readonly message: string;
  /** The upstream's raw answer, shown on demand, as text only. */
  readonly raw?: string | undefined;
  readonly action: string;
  readonly hint: string;
}

/** The strip that stays under the output when a session is over, and the way on from it. */
export class EndBanner {
  readonly root = element('section', { class: 'end-banner', 'data-testid': 'end-banner', role: 'alert', hidden: true });
  readonly #go: () => void;

  constructor(go: () => void) {
    this.#go = go;
  }

  get shown(): boolean {
    return !this.root.hidden;
  }

  show(notice: EndNotice): void {
    this.root.dataset['tone'] = notice.tone;
    const raw = notice.raw
      ? element('details', { class: 'end-raw' }, element('summary', {}, 'What the server answered'), element('pre', {}, notice.raw))
      : undefined;
    this.root.replaceChildren(
      element(
        'div',
        { class: 'end-words' },
        element('strong', { 'data-testid': 'end-headline' }, notice.headline),
        notice.message === '' ? undefined : element('span', { class: 'end-message' }, notice.message),
        raw ?? '',
      ),
      element(
        'div',
        { class: 'end-ways' },
        element('span', { class: 'hint' }, notice.hint),
        button(notice.action, { class: 'primary', 'data-testid': 'start-again' }, this.#go),
        element('a', { class: 'quiet', href: '/' }, 'Other pods'),
      ),
    );
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }
}
