import { element } from '../element.ts';

export interface ColumnRow {
  /** Tells the row again after a refresh. */
  readonly key: string;
  /** Rows may share one: a pod's containers do. */
  readonly root: HTMLElement;
  /** What Enter and the arrows act on, left to right. */
  readonly targets: readonly HTMLElement[];
}

/**
 * One list with its filter. Typing filters, wherever in the column the focus is; the arrows walk. Up and Down go from row to row,
 * Left and Right over a row's targets and then to the neighbouring column.
 */
export class PickerColumn {
  readonly root: HTMLElement;
  readonly #filter: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #count = element('span', { class: 'count' });
  readonly #message = element('p', { class: 'column-message', role: 'status' });
  #rows: readonly ColumnRow[] = [];
  /** Set by the picker: where Left and Right lead. */
  left: PickerColumn | undefined;
  right: PickerColumn | undefined;

  constructor(title: string, id: string, filtered: () => void) {
    this.#filter = element('input', {
      type: 'search',
      placeholder: 'Filter',
      'aria-label': `Filter ${title.toLowerCase()}`,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-testid': `filter-${id}`,
    });
    this.#list = element('ul', { class: 'rows', 'aria-label': title });
    this.root = element(
      'section',
      { class: `column column-${id}`, 'data-testid': `column-${id}`, 'aria-label': title },
      element('header', {}, element('h2', {}, title), this.#count, this.#filter),
      this.#message,
      this.#list,
    );
    this.#filter.addEventListener('input', filtered);
    this.root.addEventListener('keydown', (event) => this.#key(event));
  }

  get filter(): string {
    return this.#filter.value.trim();
  }

  clearFilter(): void {
    this.#filter.value = '';
  }

  /** @param message shown instead of rows, or above them; empty for none */
  show(rows: readonly ColumnRow[], counts: { readonly shown: number; readonly all: number }, message: string): void {
    const focused = this.#focusedKey();
    this.#rows = rows;
    this.#list.replaceChildren(...new Set(rows.map((row) => row.root)));
    const { shown, all } = counts;
    this.#count.textContent = shown === all ? String(all) : `${shown} of ${all}`;
    this.#message.textContent = message;
    if (focused) rows.find((row) => row.key === focused.key)?.targets[focused.target]?.focus();
  }

  /** The row that is chosen, the first one, or the filter. */
  focus(): void {
    const chosen = this.#rows.find((row) => row.targets[0]?.getAttribute('aria-current') === 'true') ?? this.#rows[0];
    (chosen?.targets[0] ?? this.#filter).focus();
  }

  focusFilter(): void {
    this.#filter.focus();
  }

  #focusedKey(): { key: string; target: number } | undefined {
    const active = document.activeElement;
    for (const row of this.#rows) {
      const target = row.targets.indexOf(active as HTMLElement);
      if (target >= 0) return { key: row.key, target };
    }
    return undefined;
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const inFilter = event.target === this.#filter;
    const at = this.#rows.findIndex((row) => row.targets.includes(event.target as HTMLElement));
    const row = this.#rows[at];
    const target = row ? row.targets.indexOf(event.target as HTMLElement) : 0;
    switch (event.key) {
      case 'ArrowDown':
        return this.#go(event, this.#target(inFilter ? 0 : at + 1, target));
      case 'ArrowUp':
        return this.#go(event, at > 0 ? this.#target(at - 1, target) : this.#filter);
      case 'Home':
        return inFilter ? undefined : this.#go(event, this.#target(0, target));
      case 'End':
        return inFilter ? undefined : this.#go(event, this.#target(this.#rows.length - 1, target));
      case 'ArrowLeft':
        if (inFilter) return;
        return row?.targets[target - 1] ? this.#go(event, row.targets[target - 1]) : this.#leave(event, this.left);
      case 'ArrowRight':
        if (inFilter) return;
        return row?.targets[target + 1] ? this.#go(event, row.targets[target + 1]) : this.#leave(event, this.right);
      case 'Enter':
        if (inFilter) this.#rows[0]?.targets[0]?.click();
        return;
      case 'Escape':
        if (this.#filter.value === '') return;
        this.#filter.value = '';
        this.#filter.dispatchEvent(new Event('input'));
        return this.#go(event, this.#filter);
      default:
        // A letter on a row goes on in the filter; the browser types it there.
        if (!inFilter && event.key.length === 1 && event.key !== ' ') this.#filter.focus();
    }
  }

  #target(at: number, target: number): HTMLElement | undefined {
    const targets = this.#rows[at]?.targets;
    return targets?.[Math.min(target, targets.length - 1)];
  }

  #go(event: KeyboardEvent, to: HTMLElement | undefined): void {
    event.preventDefault();
    to?.focus();
  }

  #leave(event: KeyboardEvent, column: PickerColumn | undefined): void {
    event.preventDefault();
    column?.focus();
  }
}
