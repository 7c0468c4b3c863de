import { PassThrough, type Readable } from 'node:stream';
import { Attach, Exec, KubeConfig, Log, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { DropInStack } from './drop-in-stack.ts';

let stack: DropInStack;
let config: KubeConfig;
beforeAll(async () => {
  stack = await DropInStack.start();
  config = new KubeConfig();
  config.loadFromFile(await stack.kubeconfig());
}, 600_000);
afterAll(() => stack?.close());

class Sink extends PassThrough {
  text = '';

  constructor() {
    super();
    this.on('data', (data: Buffer) => {
      this.text += data;
    });
  }
}

async function exec(command: string[], stdin: Readable | null = null, tty = false) {
  const [out, err] = [new Sink(), new Sink()];
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config).exec('default', 'shell', 'main', command, out, err, stdin, tty, resolve).catch(reject);
  });
  return { out: out.text, err: err.text, status };
}

describe('@kubernetes/client-node through nginx, two edges, Redis and a worker', () => {
  it('[DI2] Exec: output, errors, status', async () => {
    expect(await exec(['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({ out: 'out\n', err: 'err\n', status: { status: 'Success' } });
    const failed = await exec(['sh', '-c', 'exit 9']);
    expect(failed.status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '9' }] },
    });
    expect((await exec(['no-such-command'])).status).toMatchObject({ status: 'Failure', reason: 'InternalError', code: 500 });
  });

  it('[DI2] Exec on a terminal, typed into', async () => {
    const keys = new PassThrough();
    const run = exec(['sh'], keys, true);
    keys.write("echo 'a''b'; exit 3\n");
    const { out, status } = await run;
    expect(out).toContain('ab\r\n');
    expect(status).toMatchObject({ details: { causes: [{ message: '3' }] } });
  });

  it('[DI3] rejects with the HTTP status of the upstream', async () => {
    const none = new Exec(config).exec('default', 'nowhere', 'main', ['ls'], new Sink(), new Sink(), null, false);
    await expect(none).rejects.toMatchObject({ message: expect.stringContaining('404') });
  });

  it('[DI2] Attach', async () => {
    const out = new Sink();
    const socket = await new Attach(config).attach('default', 'multi', 'app', out, new Sink(), new PassThrough(), false);
    await until(async () => {
      socket.send(Buffer.from('\0into it\n'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return out.text.includes('into it\n');
    });
    socket.close();
  });

  it('[DI8] Log: whole and followed', async () => {
    const whole = new Sink();
    await new Log(config).log('default', 'finished', 'main', whole, { follow: false });
    await until(() => whole.readableEnded);
    expect(whole.text).toBe('first line\nsecond line\nlast line without a newline');
    const followed = new Sink();
    const abort = await new Log(config).log('default', 'logger', 'main', followed, { follow: true, tailLines: 2, timestamps: true });
    await until(() => (followed.text.match(/\n/g)?.length ?? 0) > 10);
    expect(followed.text).toMatch(/^\d{4}-\d\d-\d\dT\S+ line \d+ run 1 /);
    abort.abort();
  });
});
