import { ApiFailure } from '../addon/relay-request.ts';
import type { Api } from './api.ts';
import { element, trident } from './element.ts';

/**
 * Takes the access token out of the address bar (`#token=…`) and exchanges it for a cookie. The fragment is removed before the
 * exchange, so that the token stays in no history, bookmark or shared link whatever the answer is.
 */
export async function signInByFragment(api: Api): Promise<ApiFailure | undefined> {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token');
  if (token === null) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  try {
    await api.login(token.trim());
    return undefined;
  } catch (failure) {
    if (failure instanceof ApiFailure) return failure;
    throw failure;
  }
}

/** The sign-in form over the page. One at a time: whoever asks meanwhile waits for the same. */
export class SignIn {
  readonly #api: Api;
  #asking: Promise<void> | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Resolves when the browser is signed in. @param problem shown above the form, for example why the last token was refused */
  ask(problem = ''): Promise<void> {
    this.#asking ??= this.#askAt(problem).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askAt(problem: string): Promise<void> {
    const place = await this.#api.signInPlace();
    return place === 'here' ? this.#show(problem) : this.#wait(problem, place);
  }

  /** The sign-in is somebody else's page: this one waits until it was done there. */
  #wait(problem: string, place: 'cluster' | 'provider'): Promise<void> {
    const message = element('p', { class: 'sign-in-problem', role: 'alert', 'data-testid': 'sign-in-problem' }, problem);
    const submit = element('button', { type: 'submit', class: 'primary', 'data-testid': 'signed-in' }, 'I have signed in');
    const form = element(
      'form',
      { class: 'sign-in-form' },
      element('h1', {}, trident(), 'Poseidon'),
      element('p', { 'data-testid': 'sign-in-elsewhere' }, elsewhere[place]),
      message,
      submit,
    );
    return this.#until(form, submit, async () => {
      if (await this.#api.signedIn()) return true;
      message.textContent = 'This browser is not signed in yet.';
      return false;
    });
  }

  #show(problem: string): Promise<void> {
    const message = element('p', { class: 'sign-in-problem', role: 'alert', 'data-testid': 'sign-in-problem' }, problem);
    const token = element('input', {
      id: 'access-token',
      name: 'token',
      type: 'password',
      autocomplete: 'current-password',
      required: true,
      spellcheck: 'false',
      'data-testid': 'sign-in-token',
    });
    const submit = element('button', { type: 'submit', class: 'primary' }, 'Sign in');
    const form = element(
      'form',
      { class: 'sign-in-form' },
      element('h1', {}, trident(), 'Poseidon'),
      element('label', { for: 'access-token' }, 'Access token'),
      token,
      message,
      submit,
      element('p', { class: 'hint' }, 'The relay printed it, inside the link, when it started.'),
    );
    const signedIn = this.#until(form, submit, async () => {
      message.textContent = '';
      try {
        await this.#api.login(token.value.trim());
        return true;
      } catch (failure) {
        message.textContent = refusal(failure);
        token.select();
        return false;
      }
    });
    token.focus();
    return signedIn;
  }

  /** Over the page until it was sent in with success. */
  #until(form: HTMLFormElement, submit: HTMLButtonElement, send: () => Promise<boolean>): Promise<void> {
    const layer = element('dialog', { class: 'sign-in', 'data-testid': 'sign-in', 'aria-label': 'Sign in' }, form);
    document.body.append(layer);
    layer.addEventListener('cancel', (event) => event.preventDefault());
    layer.showModal();
    return new Promise((resolve) => {
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        submit.disabled = true;
        const done = await send().catch(() => false);
        submit.disabled = false;
        if (!done) return;
        layer.close();
        layer.remove();
        resolve();
      });
    });
  }
}

const elsewhere = {
  cluster: 'This relay takes your sign-in of the cluster. Log in there, in another tab, then come back.',
  provider: 'This relay takes your sign-in of your identity provider. Sign in there, in another tab, then come back.',
} as const;

/** What to say about a refused token. */
export function refusal(failure: unknown): string {
  if (!(failure instanceof ApiFailure)) return 'Signing in failed.';
  if (failure.status === 401 || failure.status === 403) return 'This access token is not the right one.';
  return [failure.message, failure.hint].filter((part) => part !== '').join(' ');
}
