import { encodeFence } from '../../protocol/fence-entry.ts';
import { startOfLog } from '../../protocol/position.ts';
import type { TakeInput } from '../log-store.ts';

const driverAt = 50;
const driverBytes = 50;

/** The driver's bytes of a fence entry with `next` = 0, which the script puts in: so their layout is spelled in `fence-entry.ts` alone. */
export function driverHead(driver: TakeInput['driver']): Uint8Array {
  const frame = encodeFence({ position: startOfLog, base: startOfLog, nonce: 0, writer: '', driver: { ...driver, next: 0 } });
  return frame.subarray(driverAt, driverAt + driverBytes);
}
