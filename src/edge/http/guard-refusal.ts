import type { GuardAnswer } from '../../auth/browser-guard.ts';
import type { HttpResponse } from '../listener.ts';
import { failure } from './answers.ts';

export function guardRefusal(answer: Exclude<GuardAnswer, 'ok'>): HttpResponse {
  if (answer === 'host') {
    return failure(
      421,
      'host',
      'This relay does not know itself by that host name.',
      'Its operator can allow it with POSEIDON_ALLOWED_HOSTS.',
    );
  }
  return failure(403, 'origin', 'Pages of that origin may not use this relay.', 'Its operator can allow it with POSEIDON_ALLOWED_ORIGINS.');
}
