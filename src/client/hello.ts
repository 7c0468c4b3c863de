import { type ClientFrame, encodeClientFrame, type Open, type Resume } from '../protocol/client-frame.ts';
import type { SessionId } from '../protocol/ids.ts';

type Joining = Omit<Open, 'ticket'> & Omit<Resume, 'session' | 'key' | 'former' | 'lost'>;

/** What a client knows when its socket is open: everything a `resume` needs (RS1). */
export interface Hello extends Joining {
  readonly ticket: string | undefined;
  readonly session: SessionId | undefined;
  readonly key: string;
  readonly former: NonNullable<Resume['former']>;
  readonly lost: NonNullable<Resume['lost']>;
}

/** The first frame of a socket: `open` until there is a session, `resume` from then on. */
export function helloFrame(hello: Hello): Uint8Array {
  const { ticket, session, key, former, lost, ...all } = hello;
  const { stream, connection, cols, rows, windowBytes } = all;
  const open: ClientFrame = { kind: 'open', ticket: ticket ?? '', stream, connection, cols, rows, windowBytes };
  const more = { ...(former.length > 0 && { former }), ...(lost.length > 0 && { lost }) };
  return encodeClientFrame(session ? { kind: 'resume', session, key, ...all, ...more } : open);
}
