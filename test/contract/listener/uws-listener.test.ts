import { describe } from 'vitest';
import { loadUws } from '../../../src/edge/listen/uws.ts';
import { UwsListener } from '../../../src/edge/listen/uws-listener.ts';
import { listenerContract } from './listener-contract.ts';

describe('the listener on uWebSockets.js', () => {
  listenerContract((doors, tls) => {
    const uws = loadUws();
    if (!uws) throw new Error('uWebSockets.js has no binary here: run the tests on Linux x64, glibc, Node 20 or 22');
    return new UwsListener(uws, doors, tls);
  });
});
