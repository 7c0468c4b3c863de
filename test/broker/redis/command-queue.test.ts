import { describe, expect, it } from 'vitest';
import { CommandQueue } from '../../../src/broker/redis/command-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const MiB = 1024 * 1024;
const nobody = { answered() {}, lost() {} };

describe('commands without an answer', () => {
  it('[FC4] are bounded in bytes: beyond them the link breaks, and everything on it is in doubt', () => {
    const stuck: string[] = [];
    const queue = new CommandQueue(new FakeClock(), 2_000, (cause) => stuck.push(cause.message));
    for (let sent = 0; sent < 64; sent++) queue.sent(nobody, MiB);
    expect(stuck).toStrictEqual([]);
    queue.sent(nobody, MiB);
    expect(stuck).toStrictEqual(['too many commands without reply']);
  });
});
