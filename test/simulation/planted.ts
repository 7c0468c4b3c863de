import type { LogName } from '../../src/broker/log-store.ts';

/** Where a self-test plants an error to see that the simulation finds it. Without one everything passes unchanged. */
export interface Planted {
  output(bytes: Uint8Array): Uint8Array;
  append(log: LogName, frame: Uint8Array): Uint8Array;
  /** undefined: the push is lost although its subscription lives on (against LG4). */
  push(log: LogName, frame: Uint8Array): Uint8Array | undefined;
}

export const nothingPlanted: Planted = {
  output: (bytes) => bytes,
  append: (_log, frame) => frame,
  push: (_log, frame) => frame,
};
