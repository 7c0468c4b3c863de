import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DropInStack } from './drop-in-stack.ts';

let stack: DropInStack;
beforeAll(async () => {
  stack = await DropInStack.start();
}, 600_000);
afterAll(() => stack?.close());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('Redis killed under a kubectl that pipes 20 MB in and out, and back empty', () => {
  it('[DI6] every byte arrives, or kubectl is told that it did not', async () => {
    const big = randomBytes(20_000_000);
    let whole = 0;
    for (let round = 0; round < 3; round++) {
      const { file, args, env } = await stack.kubectlCommand(['exec', '-i', 'shell', '--', 'cat']);
      const child = spawn(file, args, { env });
      const parts: Buffer[] = [];
      let told = '';
      child.stdout.on('data', (part: Buffer) => parts.push(part));
      child.stderr.on('data', (part: Buffer) => {
        told += part;
      });
      child.stdin.on('error', () => {});
      child.stdin.end(big);
      const closed = once(child, 'close');
      await once(child.stdout, 'data');
      await stack.redis.kill();
      await stack.redis.restart();
      const [code] = await closed;
      if (code === 0) {
        expect(sha256(Buffer.concat(parts))).toBe(sha256(big));
        whole += 1;
      } else {
        expect(told).toContain('Internal error occurred');
      }
    }
    expect(whole).toBeGreaterThan(0);
  }, 200_000);
});
