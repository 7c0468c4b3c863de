import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/protocol/entry.ts';
import { keptPushBytes } from '../../src/protocol/limits.ts';
import { dataBehind, LogOnRecord, positionOf, Reading } from './log-on-record.ts';

/** One writer, fence 1, that wrote `A` and `B`. */
function twoBytes(): LogOnRecord {
  const log = new LogOnRecord();
  log.take(1);
  log.write('A');
  log.write('B');
  return log;
}

describe('[LG5] pushes count only on a synced subscription', () => {
  it('[LG5] delivers what is in the log, then what is pushed behind it', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    expect(reading.push(log.write('C')).shown).toBe('ABC');
    expect(reading.reader.live).toBe(true);
  });

  it('[LG5] delivers no push before a read that was sent after the subscription has answered (holes 3, 4)', () => {
    const log = twoBytes();
    const reading = new Reading(positionOf(log.entries[1] as Entry), positionOf(log.entries[0] as Entry));
    reading.need = reading.reader.subscribed();
    // The first writer was replaced; its refused append is pushed all the same, exactly behind what the reader has.
    const stale = dataBehind(positionOf(log.entries[1] as Entry), 'x');
    const record = log.without(1);
    record.take(2);
    record.write('C');
    expect(reading.push(stale).shown).toBe('');
    expect(reading.follow(record).shown).toBe('C');
  });

  it('[LG5] drops a stale push of a lower fence once a newer fence was read (hole 3)', () => {
    const log = twoBytes();
    const stale = dataBehind(log.tail, 'x');
    const reading = new Reading().subscribe(log);
    reading.push(log.take(2), stale, log.write('C'));
    expect(reading.shown).toBe('ABC');
    expect(reading.need).toBeUndefined();
  });

  it('[LG5] keeps the pushes of a read and treats them as live ones afterwards', () => {
    const log = twoBytes();
    const reading = new Reading();
    reading.need = reading.reader.subscribed();
    const before = log.without(0);
    const [c, d] = [log.write('C'), log.write('D')];
    reading.push(c, d).follow(before);
    expect(reading.shown).toBe('ABCD');
  });

  it('[LG5] drops kept pushes beyond their bound and reads again', () => {
    const log = twoBytes();
    const reading = new Reading();
    reading.need = reading.reader.subscribed();
    const before = log.without(0);
    for (let i = 0; i < 3; i++) reading.push(log.write('c'.repeat(keptPushBytes / 2)));
    expect(reading.reader.keptBytes).toBeLessThanOrEqual(keptPushBytes);
    reading.answer(before);
    expect(reading.follow(log).shown).toHaveLength(2 + (3 * keptPushBytes) / 2);
  });

  it('[LG5] asks the log when a push does not fit, and takes it from there', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    log.write('C');
    const late = log.write('D');
    expect(reading.push(late).need?.kind).toBe('read');
    expect(reading.follow(log).shown).toBe('ABCD');
  });

  it('[LG5] never drops what it reads for its fence (hole 2)', () => {
    const log = twoBytes();
    const reading = new Reading(positionOf(log.entries[0] as Entry)).subscribe(log.without(2));
    // The push of the second take raises the floor; A and B are of the lower fence and in the log.
    reading.push(log.take(2));
    expect(reading.follow(log).shown).toBe('AB');
  });

  it('[LG5] ignores the page of a subscription that is over', () => {
    const log = twoBytes();
    const reading = new Reading();
    reading.need = reading.reader.subscribed();
    reading.reader.broken();
    reading.answer(log);
    expect(reading.shown).toBe('');
    expect(reading.subscribe(log).shown).toBe('AB');
  });
});

describe('[LG8] a fail-over that lost the tail', () => {
  it('[LG8] a new fence below what the reader holds rewinds it, whatever the sequence numbers say (hole 1)', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    const after = log.without(1);
    const fence = after.take(2);
    const b = after.write('x');
    // Both have sequence numbers that the reader has seen before.
    reading.reader.broken();
    expect(reading.subscribe(after).shown).toBe('AB[rewound to 1]x');
    expect(reading.push(fence, b).shown).toBe('AB[rewound to 1]x');
  });

  it('[LG8] does not rewind for a writer that sends again what was lost', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    const after = log.without(1);
    reading.subscribe(after);
    expect(reading.shown).toBe('AB');
    after.keep(log.entries[2] as Entry);
    reading.push(log.entries[2] as Entry, after.write('C'));
    expect(reading.follow(after).shown).toBe('ABC');
  });

  it('[LG8] declares what the ring no longer had as a hole', () => {
    const log = twoBytes();
    const after = log.without(1);
    after.keep(dataBehind(log.tail, 'C'));
    expect(new Reading().subscribe(after).shown).toBe('A[gap 1]C');
  });

  it('[RS3] waits two seconds for a reassert of a fence nobody knows, then rewinds to its base (hole 9b)', () => {
    const log = twoBytes();
    log.take(2);
    log.write('C');
    const reading = new Reading().subscribe(log);
    const after = log.without(2);
    reading.subscribe(after);
    expect(reading.need?.kind).toBe('wait');
    after.take(3);
    after.write('D');
    expect(reading.wait().follow(after).shown).toBe('ABC[rewound to 2]D');
  });

  it('[RS3] goes on when the reassert comes within the wait', () => {
    const log = twoBytes();
    const fence = log.take(2);
    const c = log.write('C');
    const reading = new Reading().subscribe(log);
    reading.subscribe(log.without(2));
    reading.wait();
    expect(reading.follow(log).shown).toBe('ABC');
    expect(reading.push(fence, c, log.write('D')).shown).toBe('ABCD');
  });

  it('[RS3] a take between the reading of the table and of the log is read again', () => {
    const log = twoBytes();
    const reading = new Reading();
    reading.need = reading.reader.subscribed();
    const oldTable = log.table;
    log.take(2);
    log.write('C');
    log.trim(3);
    if (reading.need?.kind !== 'read') throw new Error('no read');
    const { turn, from, count } = reading.need;
    reading.need = reading.reader.page(turn, oldTable, log.page(from, count).slice(1), count);
    expect(reading.need?.kind).toBe('read');
    expect(reading.follow(log).shown).toBe('[gap 2]C');
  });
});

describe('[LG7] what is gone is never skipped silently', () => {
  it('[LG7] declares bytes that were trimmed before they were read', () => {
    const log = twoBytes();
    log.write('C');
    log.trim(2);
    expect(new Reading().subscribe(log).shown).toBe('[gap 1]BC');
  });

  it('[LG7] finds its place when the log was trimmed past the take that replaced its history (hole 9)', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    const after = log.without(1);
    after.take(2);
    after.write('x');
    after.write('y');
    after.trim(4);
    expect(reading.subscribe(after).shown).toBe('AB[rewound to 1][gap 1]y');
  });

  it('[LG10] does not deliver what a later fence left out of the record', () => {
    const log = twoBytes();
    const first = log.entries[1] as Entry;
    log.take(2, positionOf(first));
    log.write('C');
    expect(new Reading().subscribe(log).shown).toBe('AC');
  });

  it('[RS3] takes back all of a history that is nowhere on the record, also when the log begins beyond it', () => {
    const other = new LogOnRecord();
    other.take(5);
    other.write('foreign');
    const log = new LogOnRecord();
    log.take(6);
    log.write('0123456789');
    log.write('A');
    log.trim(2);
    const reading = new Reading().subscribe(other).subscribe(log);
    expect(reading.shown).toBe('foreign[rewound to 0][gap 10]A');
  });

  it('[RS3] comes to the end of a log with more takes than the table has rows', () => {
    const log = new LogOnRecord();
    const letters = 'ABCDEFGHIJKLMNOPQ';
    for (let take = 0; take < 36; take++) {
      log.take(100 + take);
      for (const letter of letters) log.write(letter);
    }
    expect(new Reading().subscribe(log).shown).toBe(letters.repeat(36));
  });

  it('[RS3] one fence that two primaries gave to two takes is two histories: back to the base', () => {
    const lost = new LogOnRecord();
    lost.take(100);
    lost.write('A');
    const kept = lost.without(0);
    lost.take(101, lost.tail, 7);
    lost.write('BCD');
    kept.take(101, kept.tail, 8);
    kept.write('x');
    const reading = new Reading().subscribe(lost);
    // Its position is beyond the tail of a fence that has its number: without the nonce it would wait there for ever.
    expect(reading.subscribe(kept).shown).toBe('ABCD[rewound to 1]x');
  });

  it('[RS3] the base of such a fence counts only if its own entry is there, since its fence may be another one too', () => {
    const lost = new LogOnRecord();
    lost.take(100, lost.tail, 1);
    lost.write('A');
    lost.take(101, lost.tail, 2);
    lost.write('B');
    const kept = new LogOnRecord();
    kept.take(100, kept.tail, 3);
    kept.write('w');
    kept.write('x');
    kept.take(101, kept.tail, 4);
    kept.write('y');
    kept.trim(2);
    const reading = new Reading().subscribe(lost);
    expect(reading.subscribe(kept).shown).toBe('AB[rewound to 0][gap 1]xy');
  });

  it('[RS3] a position whose bytes differ from the record’s is not believed', () => {
    const log = twoBytes();
    const wrong = { ...positionOf(log.entries[1] as Entry), crc: 1 };
    expect(new Reading(wrong).subscribe(log).shown).toBe('[rewound to 0]AB');
  });
});

describe('[FC1] a sink without room', () => {
  it('[FC1] parks, drops pushes, and goes on from the log', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    reading.room = 0;
    reading.push(log.write('C'));
    expect(reading.reader.parked).toBe(true);
    reading.push(log.write('D'));
    reading.room = 16;
    reading.need = reading.reader.resume();
    expect(reading.follow(log).shown).toBe('ABCD');
  });

  it('[LG5] the sweep compares a live reader with the record', () => {
    const log = twoBytes();
    const reading = new Reading().subscribe(log);
    log.write('C');
    reading.need = reading.reader.recheck();
    expect(reading.follow(log).shown).toBe('ABC');
  });
});
