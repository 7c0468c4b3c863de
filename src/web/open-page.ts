import { ApiFailure } from '../addon/relay-request.ts';
import type { Target } from '../protocol/target.ts';
import { Api } from './api.ts';
import { element } from './element.ts';
import { Picker } from './picker/picker.ts';
import { refusal, SignIn, signInByFragment } from './sign-in.ts';
import type { LinkedTarget } from './target-from-url.ts';

export interface SignedIn {
  readonly api: Api;
  readonly signIn: SignIn;
}

/** What every page does first: sign in, then open what its link names, or ask which container. */
export async function openPage(linked: LinkedTarget, open: (target: Target, parts: SignedIn) => void): Promise<void> {
  const api = new Api();
  const signIn = new SignIn(api);
  await signedIn(api, signIn);
  switch (linked.kind) {
    case 'target':
      return open(linked.target, { api, signIn });
    case 'problem':
      return showProblem(linked.text);
    case 'none':
      return new Picker(api, signIn).start();
  }
}

async function signedIn(api: Api, signIn: SignIn): Promise<void> {
  const refused = await signInByFragment(api);
  if (refused) await signIn.ask(refusal(refused));
  try {
    // Whoever has just signed in asks again: the answer says more than yes.
    while (!(await api.signedIn())) await signIn.ask();
  } catch (failure) {
    // The relay does not answer now: whatever the page asks next says so, and goes on trying.
    if (!(failure instanceof ApiFailure)) throw failure;
  }
}

function showProblem(text: string): void {
  document.body.className = 'notice-page';
  document.body.replaceChildren(
    element(
      'main',
      { class: 'notice', role: 'alert', 'data-testid': 'problem' },
      element('p', {}, text),
      element('a', { href: '/' }, 'All pods'),
    ),
  );
}
