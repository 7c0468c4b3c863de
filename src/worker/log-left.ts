import { retrying } from '../base/retrying.ts';
import type { LogName } from '../broker/log-store.ts';
import { isVoid } from '../log/fence-table.ts';
import { cursorOf, type Entry, endOffset } from '../protocol/entry.ts';
import { pageEntries } from '../protocol/limits.ts';
import { cursorBehind } from '../protocol/log-cursor.ts';
import { compareIds, type EntryId, type Position, startOfLog } from '../protocol/position.ts';
import type { LogLeft } from '../upstream/upstream.ts';
import type { PumpTools } from './pump-tools.ts';

/**
 * Where the workers before left a container's log, from their output alone (LS2). What was declared missing behind the last cursor counts as
 * given out.
 * @param base what this worker's take continues; nothing before it changes any more
 * @param stored called for each entry that is there, oldest first
 * @returns undefined: nothing says where, or the signal came first
 */
export async function logLeft(
  log: LogName,
  base: Position,
  stored: (entry: Entry) => void,
  tools: PumpTools,
  signal: AbortSignal,
): Promise<LogLeft | undefined> {
  let left: Entry | undefined;
  for (let from: EntryId | undefined = startOfLog; from; ) {
    const start: EntryId = from;
    const page = await retrying(() => tools.broker.logs.read(log, start, pageEntries), tools, signal);
    if (page?.kind !== 'page') return undefined;
    const entries = page.entries.filter((entry) => compareIds(entry, base) <= 0);
    for (const entry of entries) {
      stored(entry);
      if (!isVoid(page.table, entry) && cursorOf(entry)) left = entry;
    }
    const last = entries.at(-1);
    from = last && entries.length === pageEntries ? { fence: last.fence, seq: last.seq + 1 } : undefined;
  }
  const cursor = left && cursorOf(left);
  return left && cursor && { cursor: cursorBehind(cursor, base.offset - endOffset(left)), outputBytes: base.offset };
}
