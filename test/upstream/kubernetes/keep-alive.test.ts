import { describe, expect, it } from 'vitest';
import { KeepAlive, type LivingLine } from '../../../src/upstream/kubernetes/keep-alive.ts';
import { ManualClock } from '../clocks.ts';

class Line implements LivingLine {
  received = 0;
  backlogBytes = 0;
  pings = 0;
  empties = 0;
  data = 0;
  deaths = 0;
  /** Answers every ping. */
  alive = true;
  pong: (token: number) => void = () => {};

  ping(token: number): void {
    this.pings += 1;
    if (!this.alive) return;
    this.received += 6;
    this.pong(token);
  }
  sendEmpty(): void {
    this.empties += 1;
  }
  sendData(): void {
    this.data += 1;
  }
  dead(): void {
    this.deaths += 1;
  }
}

function start() {
  const clock = new ManualClock();
  const line = new Line();
  const keepAlive = new KeepAlive(clock, line);
  line.pong = (token) => keepAlive.pong(token);
  keepAlive.start();
  return { clock, line, keepAlive };
}

describe('keep-alive towards the upstream', () => {
  it('[UP2] pings every 10 seconds and sends data every 30 minutes, for as long as it lives', () => {
    const { clock, line } = start();
    clock.advance(4 * 3_600_000);
    expect(line).toMatchObject({ pings: 1440, data: 8, empties: 0, deaths: 0 });
  });

  it.each([0, 1_000, 9_000])('[UP2] finds a line dead within 25 seconds that fell silent %i ms after a ping, once', (afterMs) => {
    const { clock, line } = start();
    clock.advance(65_000 + afterMs);
    line.received += 1;
    line.alive = false;
    clock.advance(19_000);
    expect(line.deaths).toBe(0);
    clock.advance(6_000);
    expect(line.deaths).toBe(1);
    clock.advance(600_000);
    expect(line.deaths).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('[UP2] takes any byte for life, also those of an unfinished message', () => {
    const { clock, line } = start();
    line.alive = false;
    for (let round = 0; round < 20; round += 1) {
      line.received += 1;
      clock.advance(19_000);
    }
    expect(line.deaths).toBe(0);
  });

  it('[UP2] while paused counts no silence and sends no pings, but keeps proxies awake', () => {
    const { clock, line, keepAlive } = start();
    line.alive = false;
    keepAlive.pause();
    clock.advance(600_000);
    expect(line).toMatchObject({ pings: 0, empties: 13, data: 0, deaths: 0 });
    keepAlive.resume();
    clock.advance(19_000);
    expect(line.deaths).toBe(0);
    clock.advance(6_000);
    expect(line.deaths).toBe(1);
  });

  it('[UP2] says nothing while output flows, so that no reset meets what a server has sent and closed behind', () => {
    const { clock, line } = start();
    for (let round = 0; round < 2_000; round += 1) {
      line.received += 64 * 1024 + 1;
      clock.advance(5_000);
    }
    expect(line).toMatchObject({ pings: 0, empties: 0, data: 0, deaths: 0 });
    clock.advance(20_000);
    expect(line).toMatchObject({ pings: 2, data: 1 });
  });

  it('[UP2] says nothing while a slow reader takes the output in small parts, paused or not when it looks', () => {
    const { clock, line, keepAlive } = start();
    for (let round = 0; round < 2_000; round += 1) {
      keepAlive.pause();
      clock.advance(round % 7_000);
      keepAlive.resume();
      line.received += 100;
      clock.advance(100);
    }
    expect(line).toMatchObject({ pings: 0, empties: 0, data: 0, deaths: 0 });
  });

  it('[UP2] pings beside a trickle, which tells that input arrives', () => {
    const { clock, line, keepAlive } = start();
    for (let round = 0; round < 10; round += 1) {
      line.received += 1_000;
      keepAlive.sent(1);
      clock.advance(5_000);
    }
    expect(line.pings).toBe(5);
    expect(keepAlive.unconfirmedBytes).toBeLessThan(3);
  });

  it('[UP2] waits a minute while the process may be what does not read', () => {
    const { clock, line, keepAlive } = start();
    clock.advance(60_000);
    line.alive = false;
    keepAlive.sent(16 * 1024 + 1);
    clock.advance(59_000);
    expect(line.deaths).toBe(0);
    clock.advance(6_000);
    expect(line.deaths).toBe(1);
  });

  it('[UP2] takes input that leaves the buffer for life, and a buffer that only stays full not', () => {
    const { clock, line, keepAlive } = start();
    line.alive = false;
    keepAlive.sent(1_000_000);
    line.backlogBytes = 500_000;
    for (let round = 0; round < 10; round += 1) {
      line.backlogBytes -= 1;
      clock.advance(50_000);
    }
    expect(line.deaths).toBe(0);
    clock.advance(65_000);
    expect(line.deaths).toBe(1);
  });

  it('[UP2] does not let input typed after the first unanswered ping hide a dead line', () => {
    const { clock, line, keepAlive } = start();
    keepAlive.sent(1_000_000);
    clock.advance(60_000);
    line.alive = false;
    clock.advance(10_000);
    keepAlive.sent(1_000_000);
    clock.advance(15_000);
    expect(line.deaths).toBe(1);
  });

  it('[UP2] does not take the sleep of its own process for silence', () => {
    const { clock, line } = start();
    line.alive = false;
    for (let round = 0; round < 10; round += 1) clock.sleep(120_000);
    expect(line.deaths).toBe(0);
    clock.advance(25_000);
    expect(line.deaths).toBe(1);
  });

  it('[RS6] counts the input that no answered ping confirms', () => {
    const { clock, line, keepAlive } = start();
    keepAlive.sent(100);
    expect(keepAlive.unconfirmedBytes).toBe(100);
    clock.advance(10_000);
    expect(keepAlive.unconfirmedBytes).toBe(0);
    line.alive = false;
    keepAlive.sent(20);
    clock.advance(10_000);
    keepAlive.sent(3);
    keepAlive.pong(1);
    expect(keepAlive.unconfirmedBytes).toBe(23);
    keepAlive.pong(2);
    expect(keepAlive.unconfirmedBytes).toBe(3);
  });

  it('[UP2] leaves no timer behind', () => {
    const { clock, keepAlive } = start();
    keepAlive.stop();
    expect(clock.pending).toBe(0);
  });
});
