import { describe, expect, it } from 'vitest';
import { KeepAlive, type LivingLine } from '../../../src/upstream/kubernetes/keep-alive.ts';
import { ManualClock } from '../clocks.ts';

class Line implements LivingLine {
  received = 0;
  pings = 0;
  empties = 0;
  data = 0;
  deaths = 0;
  /** Answers every ping. */
  alive = true;

  ping(): void {
    this.pings += 1;
    if (this.alive) this.received += 2;
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
  keepAlive.start();
  return { clock, line, keepAlive };
}

describe('keep-alive towards the upstream', () => {
  it('[UP2] pings every 20 seconds and sends data every 30 minutes, for as long as it lives', () => {
    const { clock, line } = start();
    clock.advance(4 * 3_600_000);
    expect(line).toMatchObject({ pings: 720, data: 8, empties: 0, deaths: 0 });
  });

  it('[UP2] finds a dead line within 80 seconds, once', () => {
    const { clock, line } = start();
    clock.advance(60_000);
    line.alive = false;
    clock.advance(80_000);
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
      clock.advance(50_000);
    }
    expect(line.deaths).toBe(0);
  });

  it('[UP2] while paused counts no silence and sends no pings, but keeps proxies awake', () => {
    const { clock, line, keepAlive } = start();
    line.alive = false;
    keepAlive.pause();
    clock.advance(600_000);
    expect(line).toMatchObject({ pings: 0, empties: 30, deaths: 0 });
    keepAlive.resume();
    clock.advance(59_000);
    expect(line.deaths).toBe(0);
    clock.advance(30_000);
    expect(line.deaths).toBe(1);
  });

  it('[UP2] leaves no timer behind', () => {
    const { clock, keepAlive } = start();
    keepAlive.stop();
    expect(clock.pending).toBe(0);
  });
});
