import { element } from '../element.ts';
import type { LogLine } from './line-ring.ts';
import { type StyledRun, styledRuns } from './sgr.ts';
import type { ShownLines } from './shown-lines.ts';

/** Rows drawn beyond those that fit, so that a wrapped or scrolled edge is never empty. */
const spareRows = 2;

/**
 * Draws the few lines that are seen. The scroll bar counts lines, not their heights, so that a million of them cost as much as ten,
 * wrapped or not. At the very bottom the last line is aligned to the bottom edge.
 */
export class LogList {
  readonly root: HTMLElement;
  readonly #spacer = element('div', { class: 'log-spacer' });
  readonly #rows = element('div', { class: 'log-rows' });
  readonly #port: HTMLElement;
  readonly #lines: ShownLines;
  #rowHeight = 18;
  #drawn: { row: HTMLElement; line: LogLine | undefined }[] = [];
  #due = false;
  #follow = true;
  #ownScroll = -1;
  readonly #followChanged: (follow: boolean) => void;

  constructor(lines: ShownLines, followChanged: (follow: boolean) => void) {
    this.#lines = lines;
    this.#followChanged = followChanged;
    this.#port = element('div', { class: 'log-port' }, this.#rows);
    this.root = element(
      'div',
      { class: 'log-scroller', tabindex: '0', role: 'log', 'aria-label': 'Log lines', 'data-testid': 'log-lines' },
      this.#port,
      this.#spacer,
    );
    this.root.addEventListener('scroll', () => this.#scrolled());
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  get follow(): boolean {
    return this.#follow;
  }

  set follow(follow: boolean) {
    if (follow !== this.#follow) {
      this.#follow = follow;
      this.#followChanged(follow);
    }
    if (follow) this.draw();
  }

  /** Soon, once a frame. @param dropped lines that went from the front since the last call: what is read stays where it is */
  draw(dropped = 0): void {
    if (dropped > 0 && !this.#follow) this.#scrollTo(Math.max(0, this.root.scrollTop - dropped * this.#rowHeight));
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#draw());
  }

  /** Every row anew, for example with another wrapping. */
  redraw(): void {
    for (const drawn of this.#drawn) drawn.line = undefined;
    this.draw();
  }

  #draw(): void {
    this.#due = false;
    const height = this.root.clientHeight;
    if (height === 0) return;
    this.#measure();
    const { count } = this.#lines;
    const whole = count * this.#rowHeight;
    this.#spacer.style.height = `${Math.max(0, whole - height)}px`;
    const bottom = Math.max(0, whole - height);
    if (this.#follow) this.#scrollTo(bottom);
    const top = Math.min(this.root.scrollTop, bottom);
    const atBottom = top >= bottom - 1;
    const fit = Math.ceil(height / this.#rowHeight) + spareRows;
    const from = atBottom ? Math.max(0, count - fit) : Math.floor(top / this.#rowHeight);
    this.#fill(from, Math.min(fit, count - from));
    const short = whole <= height && this.#rows.offsetHeight <= height;
    this.#port.classList.toggle('at-bottom', atBottom && !short);
    this.#rows.style.transform = atBottom ? '' : `translateY(${-(top % this.#rowHeight)}px)`;
  }

  #fill(from: number, count: number): void {
    while (this.#drawn.length < count) {
      const row = element('div', { class: 'log-line' });
      this.#drawn.push({ row, line: undefined });
      this.#rows.append(row);
    }
    for (const spare of this.#drawn.splice(count)) spare.row.remove();
    this.#drawn.forEach((drawn, i) => {
      const line = this.#lines.at(from + i);
      if (!line || line === drawn.line) return;
      drawn.line = line;
      fillRow(drawn.row, line);
    });
  }

  /** The height of one row, from the style sheet; it changes with the browser's zoom. */
  #measure(): void {
    const height = Number.parseFloat(getComputedStyle(this.#rows).lineHeight);
    if (height > 0) this.#rowHeight = height;
  }

  #scrollTo(top: number): void {
    if (Math.abs(this.root.scrollTop - top) < 1) return;
    this.root.scrollTop = top;
    this.#ownScroll = this.root.scrollTop;
  }

  /** A person's scrolling up pauses; reaching the bottom follows again. */
  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.root;
    if (scrollTop !== this.#ownScroll) this.follow = scrollTop + clientHeight >= scrollHeight - this.#rowHeight / 2;
    this.draw();
  }
}

function fillRow(row: HTMLElement, line: LogLine): void {
  row.className = `log-line log-${line.kind}`;
  row.replaceChildren(...(line.kind === 'notice' ? [line.raw] : styledRuns(line.raw).map(runNode)));
}

function runNode(run: StyledRun): Node {
  const { style } = run;
  const classes = (['bold', 'dim', 'italic', 'underline', 'inverse'] as const).filter((name) => style[name]).map((name) => `sgr-${name}`);
  if (typeof style.ink === 'number') classes.push(`sgr-ink-${style.ink}`);
  if (typeof style.ground === 'number') classes.push(`sgr-ground-${style.ground}`);
  const ink = typeof style.ink === 'string' ? style.ink : '';
  const ground = typeof style.ground === 'string' ? style.ground : '';
  if (classes.length === 0 && ink === '' && ground === '') return document.createTextNode(run.text);
  const span = element('span', { class: classes.join(' ') }, run.text);
  span.style.color = ink;
  span.style.backgroundColor = ground;
  return span;
}
