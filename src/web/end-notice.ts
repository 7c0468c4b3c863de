import type { ClientState } from '../client/client-host.ts';
import type { EndNotice } from './end-banner.ts';
import { endedWell, endText } from './status-text.ts';

/** What to show when a session is over; undefined while it is not. */
export function endNotice(connection: ClientState['connection'], action: string, hint: string): EndNotice | undefined {
  if (connection.kind === 'ended') {
    const { reason } = connection;
    const plain = reason.kind === 'exited' || reason.kind === 'completed';
    return {
      tone: endedWell(reason) ? 'good' : 'bad',
      headline: endText(reason),
      message: plain ? '' : reason.message,
      raw: plain ? undefined : reason.status,
      action,
      hint,
    };
  }
  if (connection.kind === 'lost') {
    return { tone: 'bad', headline: 'not connected', message: connection.text, action, hint };
  }
  return undefined;
}
