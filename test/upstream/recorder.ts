import type { EndReason } from '../../src/protocol/end-reason.ts';
import type { UpstreamEvents } from '../../src/upstream/upstream.ts';
import { until } from '../support/until.ts';

/** Keeps what an upstream tells, and checks the order in which it may be told. */
export class Recorder implements UpstreamEvents {
  readonly stdout: Uint8Array[] = [];
  readonly stderr: Uint8Array[] = [];
  bytes = 0;
  drains = 0;
  readonly remarks: string[] = [];
  end: EndReason | undefined;
  /** False: only counts. */
  keep = true;

  output(bytes: Uint8Array, source: 'stdout' | 'stderr'): void {
    if (this.end) throw new Error('output after the end');
    this.bytes += bytes.length;
    if (this.keep) this[source].push(bytes);
  }

  remark(text: string): void {
    this.remarks.push(text);
  }

  drained(): void {
    this.drains += 1;
  }

  ended(reason: EndReason): void {
    if (this.end) throw new Error('ended twice');
    this.end = reason;
  }

  text(source: 'stdout' | 'stderr' = 'stdout'): string {
    return Buffer.concat(this[source]).toString('utf8');
  }

  /** Waits until the output holds it. */
  async sees(pattern: string | RegExp, source: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    const found = () => (typeof pattern === 'string' ? this.text(source).includes(pattern) : pattern.test(this.text(source)));
    await until(() => found() || this.end !== undefined, { what: () => `${pattern} in ${JSON.stringify(this.text(source).slice(-500))}` });
    if (!found()) throw new Error(`ended without ${pattern}: ${JSON.stringify(this.end)} ${JSON.stringify(this.text(source).slice(-500))}`);
    return this.text(source);
  }

  ends(): Promise<EndReason> {
    return until(() => this.end, { what: () => `an end, after ${JSON.stringify(this.text().slice(-300))}` });
  }
}
