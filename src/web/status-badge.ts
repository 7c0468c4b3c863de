import type { ClientState } from '../client/client-host.ts';
import { button, element } from './element.ts';
import { type StatusContext, statusText } from './status-text.ts';

/** How often the countdown of a retry moves. */
const tickMs = 250;

/**
 * The small badge that says how the session is: a dot, a text, and the details behind it. `changed` may be called for every frame;
 * the document is written at most once a frame.
 */
export class StatusBadge {
  readonly root: HTMLElement;
  readonly #text = element('span', { class: 'badge-text', 'data-testid': 'badge-text' });
  readonly #details = element('dl', { class: 'badge-details' });
  readonly #kind: StatusContext['kind'];
  readonly #behindBytes: () => number;
  #state: ClientState | undefined;
  #retryAt: number | undefined;
  #retryOf: ClientState['connection'] | undefined;
  #drawing = false;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(kind: StatusContext['kind'], behindBytes: () => number, retryNow: () => void) {
    this.#kind = kind;
    this.#behindBytes = behindBytes;
    const summary = element('summary', { title: 'How this session is connected' }, element('span', { class: 'badge-dot' }), this.#text);
    const details = element('details', {}, summary, this.#details);
    details.addEventListener('toggle', () => this.#draw());
    this.root = element(
      'div',
      { class: 'badge', 'data-testid': 'badge', 'data-tone': 'busy', role: 'status', 'aria-label': 'Connection' },
      details,
      button('Try now', { class: 'quiet badge-retry', hidden: true }, retryNow),
    );
  }

  changed(state: ClientState): void {
    this.#state = state;
    if (state.connection !== this.#retryOf) {
      this.#retryOf = state.connection;
      this.#retryAt = state.connection.kind === 'waiting' ? performance.now() + state.connection.retryMs : undefined;
      if (this.#retryAt === undefined) this.#stopTicking();
      else this.#ticker ??= setInterval(() => this.#draw(), tickMs);
    }
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  dispose(): void {
    this.#stopTicking();
    this.root.remove();
  }

  #stopTicking(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #draw(): void {
    const state = this.#state;
    if (!state) return;
    const retryInMs = this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - performance.now());
    const status = statusText(state, { kind: this.#kind, retryInMs, behindBytes: this.#behindBytes() });
    this.root.dataset['tone'] = status.tone;
    this.root.dataset['state'] = state.connection.kind;
    if (this.#text.textContent !== status.text) this.#text.textContent = status.text;
    const retry = this.root.querySelector('.badge-retry');
    if (retry) (retry as HTMLElement).hidden = state.connection.kind !== 'waiting';
    if (this.root.querySelector('details')?.open) this.#drawDetails(status.details);
  }

  #drawDetails(rows: readonly (readonly [string, string])[]): void {
    this.#details.replaceChildren(...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  }
}
