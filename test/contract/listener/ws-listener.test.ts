import { describe } from 'vitest';
import { WsListener } from '../../../src/edge/listen/ws-listener.ts';
import { listenerContract } from './listener-contract.ts';

describe('the listener on ws', () => {
  listenerContract((doors, tls) => new WsListener(doors, tls));
});
