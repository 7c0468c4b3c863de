/** An entry's name: which writer (fence) and which entry of the log (seq, dense over all fences) (LG2). */
export interface EntryId {
  readonly fence: number;
  readonly seq: number;
}

/** How far a reader is: the last entry it delivered, the offset behind that entry's last byte, the CRC-32 of all bytes before it (LG3). */
export interface Position extends EntryId {
  readonly offset: number;
  readonly crc: number;
}

/** A place of a log whatever its fences: behind that many entries and bytes. */
export type LogPlace = Pick<Position, 'seq' | 'offset'>;

/** Before the first entry. Always on the record (LS4). */
export const startOfLog: Position = { fence: 0, seq: 0, offset: 0, crc: 0 };

/** Negative when `a` is before `b`. Redis orders stream ids the same way. */
export function compareIds(a: EntryId, b: EntryId): number {
  return a.fence - b.fence || a.seq - b.seq;
}

export function sameId(a: EntryId, b: EntryId): boolean {
  return a.fence === b.fence && a.seq === b.seq;
}
