import { CodedError } from '../../base/coded-error.ts';
import type { Doors, Listener } from '../listener.ts';
import type { TlsFiles } from './tls-files.ts';
import { loadUws } from './uws.ts';
import { UwsListener } from './uws-listener.ts';
import { WsListener } from './ws-listener.ts';

export type ListenerKind = 'auto' | 'uws' | 'ws';

/** `auto`: uWebSockets.js where its binary loads, else `ws`. @throws CodedError `uws-unavailable` */
export function createListener(kind: ListenerKind, doors: Doors, tls?: TlsFiles): Listener & { readonly library: 'uws' | 'ws' } {
  if (kind === 'ws') return new WsListener(doors, tls);
  const uws = loadUws();
  if (uws) return new UwsListener(uws, doors, tls);
  if (kind === 'auto') return new WsListener(doors, tls);
  throw new CodedError(
    'uws-unavailable',
    `there is no uWebSockets.js binary for Node ${process.versions.node} on ${process.platform} ${process.arch}`,
  );
}
