import { type Entry, endOffset } from '../protocol/entry.ts';
import { type Position, sameId } from '../protocol/position.ts';
import { type FenceTable, newestFence, rowAbove, rowAt } from './fence-table.ts';

/** Where a reader's position meets the record of a log (RS3). */
export type Whereabouts =
  /** Go on behind it. */
  | { readonly kind: 'on-record' }
  /** The record left the reader's history here. */
  | { readonly kind: 'rewound'; readonly to: Position }
  /** In the newest fence, beyond its tail: the writer is about to resend, or a new fence settles it. */
  | { readonly kind: 'ahead' }
  /** In a fence above all rows: a `reassert` may put it back; else as `lost`. */
  | { readonly kind: 'unheard-of' }
  /** Another primary gave the same fence to another take: as `lost`, and the base counts only if its own entry is there. */
  | { readonly kind: 'foreign' }
  /** Not on the record: try the base of the fence, then the log's first entry. */
  | { readonly kind: 'lost' };

/**
 * @param table read before the entries, with the rows of fence entries among them
 * @param nonce of the take whose fence the position is in; 0: not known
 * @param entries from `position` on, itself included if it is there; none: the tail is below it
 */
export function locate(position: Position, nonce: number, table: FenceTable, entries: readonly Entry[]): Whereabouts {
  if (position.fence === 0) return { kind: 'on-record' };
  const own = rowAt(table, position.fence);
  if (nonce !== 0 && own && own.nonce !== nonce) return { kind: 'foreign' };
  const first = entries[0];
  if (first && sameId(first, position) && (first.crc !== position.crc || endOffset(first) !== position.offset)) return { kind: 'lost' };
  const left = rowAbove(table, position.fence);
  if (left) {
    // The rows between them are no longer kept: the entry itself, with the CRC of all before it, is the only witness.
    if (left.base.fence > position.fence) return { kind: first && sameId(first, position) ? 'on-record' : 'lost' };
    if (left.base.fence < position.fence) return { kind: 'lost' };
    return position.seq <= left.base.seq ? { kind: 'on-record' } : { kind: 'rewound', to: left.base };
  }
  const newest = newestFence(table);
  if (newest === position.fence) return first ? { kind: 'on-record' } : { kind: 'ahead' };
  return newest < position.fence ? { kind: 'unheard-of' } : { kind: 'lost' };
}
