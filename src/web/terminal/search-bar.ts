import type { ISearchOptions, SearchAddon } from '@xterm/addon-search';
import { button, element } from '../element.ts';

/** Finds text in the terminal: Enter the one before, Shift-Enter the next, Escape closes. */
export class SearchBar {
  readonly root: HTMLElement;
  readonly #search: SearchAddon;
  readonly #input = element('input', { type: 'search', 'aria-label': 'Find in the terminal', placeholder: 'Find', spellcheck: 'false' });
  readonly #count = element('output', { class: 'hint', 'aria-live': 'polite' });
  readonly #closed: () => void;

  constructor(search: SearchAddon, closed: () => void) {
    this.#search = search;
    this.#closed = closed;
    this.root = element(
      'div',
      { class: 'search-bar', role: 'search', hidden: true, 'data-testid': 'search-bar' },
      this.#input,
      this.#count,
      button('↑', { class: 'quiet', 'aria-label': 'Previous match' }, () => this.#find('previous')),
      button('↓', { class: 'quiet', 'aria-label': 'Next match' }, () => this.#find('next')),
      button('×', { class: 'quiet', 'aria-label': 'Close' }, () => this.close()),
    );
    this.#input.addEventListener('input', () => this.#find('previous'));
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
      else if (event.key === 'Enter' && event.target === this.#input) this.#find(event.shiftKey ? 'next' : 'previous');
      else return;
      event.preventDefault();
    });
    search.onDidChangeResults(({ resultIndex, resultCount }) => {
      this.#count.textContent = this.#input.value === '' ? '' : resultCount === 0 ? 'none' : `${resultIndex + 1} of ${resultCount}`;
    });
  }

  open(): void {
    this.root.hidden = false;
    this.#input.focus();
    this.#input.select();
  }

  close(): void {
    this.root.hidden = true;
    this.#search.clearDecorations();
    this.#count.textContent = '';
    this.#closed();
  }

  #find(direction: 'next' | 'previous'): void {
    const text = this.#input.value;
    if (text === '') {
      this.#search.clearDecorations();
      this.#count.textContent = '';
    } else if (direction === 'next') this.#search.findNext(text, options());
    else this.#search.findPrevious(text, options());
  }
}

function options(): ISearchOptions {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  return {
    decorations: {
      matchBackground: dark ? '#5e4d17' : '#ffe7a3',
      activeMatchBackground: dark ? '#9a6a12' : '#ffbf47',
      matchOverviewRuler: '#d9a94a',
      activeMatchColorOverviewRuler: '#45b8cb',
    },
  };
}
