import type { Mutant } from './mutant.ts';

/** Writer, reader, locate, fence table: section 1 of SPEC.md. */
export const logMutants: readonly Mutant[] = [
  // --- the writer ---
  {
    id: 'append-pipelined',
    breaks: 'LG2: a second append goes out while one is un-answered; if the first is refused, it can never be stored',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: "    this.#state = 'unanswered';\n    return frame.frame;",
    replace: '    this.#next++;\n    return frame.frame;',
  },
  {
    id: 'refused-as-stored',
    breaks: 'LG6: every answer to an append counts as stored',
    profile: 'log',
    file: 'broker/log-appender.ts',
    find: "      if (answer === 'doubt') return this.#doubted();\n",
    replace: '',
  },
  {
    id: 'new-before-resend',
    breaks: 'LG8: after a doubt the writer goes on with what is new, and what is above the tail is not sent again',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: 'this.#next = above === -1 ? this.#ring.length : above;',
    replace: 'this.#next = this.#ring.length;',
  },
  {
    id: 'resend-one-too-late',
    breaks: 'LG8: the resend starts one frame above the first that is missing',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: 'const above = this.#ring.findIndex((frame) => frame.seq > answer.tail.seq);',
    replace: 'const above = this.#ring.findIndex((frame) => frame.seq > answer.tail.seq + 1);',
  },
  {
    id: 'no-doubt-after-reconnect',
    breaks: 'LG6: a writer with nothing un-answered goes on over a new connection without comparing',
    profile: 'failover',
    file: 'broker/log-appender.ts',
    find: 'this.#watch = store.watchConnection(log, () => this.doubt());',
    replace: 'this.#watch = store.watchConnection(log, () => undefined);',
  },
  {
    id: 'ring-drops-unanswered',
    breaks: 'FC4: a frame leaves the ring when it is sent, not when it was answered',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: "    this.#state = 'unanswered';\n    return frame.frame;",
    replace: `    this.#state = 'unanswered';
    this.#ring.splice(this.#next--, 1);
    this.#ringBytes -= frame.frame.length;
    return frame.frame;`,
  },
  {
    id: 'resend-reframed',
    breaks: 'LG2: a frame that is sent again takes along what was offered meanwhile, under its old id',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: "    this.#state = 'ready';\n    return 'go-on';",
    replace: `    const last = this.#ring.at(-1);
    const more = this.#pending[0];
    if (last && more && above === this.#ring.length - 1 && last.frame[0] === more.type && (more.lead.length > 0 || more.type === 1)) {
      const frame = new Uint8Array([...last.frame, ...more.content.flatMap((part) => [...part])]);
      let crc = this.#head.crc;
      for (const part of more.content) crc = this.#crc32(part, crc);
      new DataView(frame.buffer).setUint32(24, crc);
      this.#head = { ...this.#head, offset: this.#head.offset + more.contentBytes, crc };
      this.#ringBytes += more.contentBytes;
      this.#ring[this.#ring.length - 1] = { ...last, frame };
      this.#pending.shift();
      this.#pendingBytes -= more.contentBytes;
    }
    this.#state = 'ready';
    return 'go-on';`,
  },
  {
    id: 'hole-untold',
    breaks: 'LG7, LG8: what the ring no longer has leaves a hole that nothing shows to the readers',
    profile: 'log',
    file: 'broker/log-appender.ts',
    find: '      if (this.writer.holed && this.#events.holed) this.writer.offer(this.#events.holed());\n',
    replace: '',
    open: 'Not found in the seeds that were run so far.',
  },
  {
    id: 'found-not-counted',
    breaks: 'LG6, FC5: an append whose answer was lost and that was stored is never counted as accepted',
    profile: 'pastes',
    file: 'broker/log-appender.ts',
    find: '        this.#events.stored(frame);\n      }\n',
    replace: '      }\n',
  },
  {
    id: 'found-not-pushed',
    breaks: 'LG6: a frame whose answer was lost and that is in the log is not pushed again: readers learn of it in their sweep',
    profile: 'log',
    file: 'broker/log-appender.ts',
    find: '        this.#store.publish(this.#log, frame);\n',
    replace: '',
  },
  {
    id: 'crc-of-pieces-forgotten',
    breaks: 'LG3: the CRC of a merged entry covers its last piece only',
    profile: 'log',
    file: 'log/log-writer.ts',
    find: 'for (const part of item.content) if (part.length > 0) crc = this.#crc32(part, crc);',
    replace: 'for (const part of item.content) if (part.length > 0) crc = this.#crc32(part, this.#head.crc);',
  },
  // --- the reader ---
  {
    id: 'ids-by-seq',
    breaks: 'LG2, LG5: ids are compared by seq only, so that a new fence below the reader counts as known',
    profile: 'log',
    file: 'protocol/position.ts',
    find: 'return a.fence - b.fence || a.seq - b.seq;',
    replace: 'return a.seq - b.seq;',
  },
  {
    id: 'floor-drops-reads',
    breaks: 'LG5: the floor drops entries that were read, not pushes only',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'if (compareIds(entry, this.#position) <= 0 || isVoid(rows, entry)) continue;',
    replace: 'if (compareIds(entry, this.#position) <= 0 || entry.fence < this.#floor || isVoid(rows, entry)) continue;',
  },
  {
    id: 'no-floor',
    breaks: 'LG5: a push of an older fence is delivered if it seems to follow',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'if (!entry || entry.fence < this.#floor || compareIds(entry, this.#position) <= 0) return undefined;',
    replace: 'if (!entry || compareIds(entry, this.#position) <= 0) return undefined;',
    equivalent:
      'While a reader is live its position is in the newest fence of the record: a push of a lower one is below the position, and dropped for that.',
  },
  {
    id: 'pushes-before-read',
    breaks: 'LG5: pushes are delivered before the read that followed the subscription has answered',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: "    if (this.#mode === 'live') return this.#pushLive(frame);\n",
    replace: "    if (this.#mode !== 'parked' && this.#mode !== 'off') return this.#pushLive(frame);\n",
  },
  {
    id: 'fence-chains-anywhere',
    breaks: 'LG5: a pushed fence entry is delivered whatever entry it continues',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'return base !== undefined && sameId(base, at) && base.crc === at.crc;',
    replace: 'return base !== undefined;',
  },
  {
    id: 'resume-repeats-position',
    breaks: 'RS3: a read delivers the entry of the position once more',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'if (compareIds(entry, this.#position) <= 0 || isVoid(rows, entry)) continue;',
    replace: 'if (compareIds(entry, this.#position) < 0 || isVoid(rows, entry)) continue;',
  },
  {
    id: 'no-locate',
    breaks: 'RS3: the position is not compared with the record, only later ids are asked for',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: "const found = locate(at, this.#candidate === 'position' ? this.#nonce : 0, rows, entries);",
    replace: 'const found = locate({ ...at, fence: 0 }, 0, rows, entries);',
  },
  {
    id: 'locate-never-rewinds',
    breaks: 'RS3: a position whose fence is in the table counts as on the record, beyond the next base too',
    profile: 'log',
    file: 'log/locate.ts',
    find: 'return position.seq <= left.base.seq ?',
    replace: 'return position.fence > 0 ?',
  },
  {
    id: 'ahead-goes-on',
    breaks: 'RS3: a fence that is in no row is taken for the newest, without the wait for a reassert',
    profile: 'log',
    file: 'log/locate.ts',
    find: "return newest < position.fence ? { kind: 'unheard-of' } : { kind: 'lost' };",
    replace: "return newest < position.fence ? { kind: 'ahead' } : { kind: 'lost' };",
  },
  {
    id: 'void-delivered',
    breaks: 'LG10: entries beyond the base of the next fence are delivered',
    profile: 'log',
    file: 'log/fence-table.ts',
    find: 'return next !== undefined && (next.fence < id.fence || (next.fence === id.fence && id.seq > next.seq));',
    replace: 'return next === null;',
  },
  {
    id: 'gap-one-short',
    breaks: 'LG7: a gap is declared one byte too small',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'this.#gap({ sizeBytes: entry.offset - offset, cause: GapCause.trimmed }, before, !fence);',
    replace: 'this.#gap({ sizeBytes: entry.offset - offset - 1, cause: GapCause.trimmed }, before, !fence);',
  },
  {
    id: 'gap-undeclared',
    breaks: 'LG7: a reader goes on behind bytes that are gone without a word',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: '    this.#sink.gap(gap, to, adoptCrc);\n',
    replace: '    if (gap.sizeBytes === 0) this.#sink.gap(gap, to, adoptCrc);\n',
  },
  {
    id: 'rewind-undeclared',
    breaks: 'LG8: a reader that is set back does not say so',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: '    this.#sink.rewound(to, adoptCrc);\n',
    replace: '',
  },
  {
    id: 'crc-not-adopted',
    breaks: 'LG3: the CRC before the first entry behind a gap is taken for known',
    profile: 'log',
    file: 'client/output-check.ts',
    find: '    this.#adoptCrc = adoptCrc;\n',
    replace: '    this.#adoptCrc = false;\n',
  },
  {
    id: 'base-forgotten',
    breaks: 'RS1, RS3: the position carries no base, so that a lost take sets the reader back to the start of the log',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: 'if (fence) [this.#base, this.#nonce] = [fence.base, fence.nonce];\n',
    replace: 'if (fence) this.#nonce = fence.nonce;\n',
    survives: {
      why: 'A client comes back with a base of its own; the reader of a long-lived one has to pass a take, and lose it.',
      killedBy: 'test/log/log-reader.test.ts',
    },
  },
  {
    id: 'nonce-not-carried',
    breaks: 'RS3: two takes that two primaries gave one fence are not told apart',
    profile: 'log',
    file: 'log/locate.ts',
    find: "  if (nonce !== 0 && own && own.nonce !== nonce) return { kind: 'foreign' };\n",
    replace: '',
    survives: {
      why: 'Two takes of one fence that have written as many entries of the same bytes: else the CRC tells them apart.',
      killedBy: 'test/log/locate.test.ts',
    },
  },
  {
    id: 'kept-pushes-lost',
    breaks: 'LG5: pushes that came during a read are thrown away when it has answered',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: '    const kept = this.#kept;\n',
    replace: '    const kept: Uint8Array[] = [];\n',
  },
  {
    id: 'kept-overflow-forgotten',
    breaks: 'LG5: pushes beyond the bound are dropped during a read, and the log is not read again',
    profile: 'log',
    file: 'log/log-reader.ts',
    find: '    if (this.#keptOverflow) {\n',
    replace: '    if (false) {\n',
  },
  {
    id: 'live-after-full-page',
    breaks: 'LG5: the reader counts as live although the page was full',
    profile: 'edges',
    file: 'log/log-reader.ts',
    find: 'const full = entries.length >= asked;',
    replace: 'const full = entries.length > asked;',
  },
  {
    id: 'no-sweep',
    breaks: 'LG5: an idle reader never compares with the record again',
    profile: 'idle',
    file: 'broker/log-follower.ts',
    find: '      this.#serve(this.reader.recheck());\n',
    replace: '',
  },
  {
    id: 'joins-unconfirmed',
    breaks: 'LG5, DR3: whoever joins a shared subscription reads before it is confirmed',
    profile: 'edges',
    file: 'edge/relay/shared-channels.ts',
    find: 'if (shared.confirmed) listener.subscribed();',
    replace: 'listener.subscribed();',
    equivalent: 'Until the subscription is confirmed no push comes, and when it is everybody reads once more: only a read is added.',
  },
];
