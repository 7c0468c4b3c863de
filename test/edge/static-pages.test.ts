import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StaticPages } from '../../src/edge/http/static-pages.ts';
import type { HttpResponse } from '../../src/edge/listener.ts';
import { request } from './http-requests.ts';
import { TestEdge } from './test-edge.ts';

const script = 'console.log("a long and boring script");\n'.repeat(50);
let folder = '';
let pages: StaticPages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'poseidon-pages-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'terminal.html'), '<!doctype html>terminal');
  await writeFile(join(folder, 'log.html'), '<!doctype html>log');
  await writeFile(join(folder, 'assets/terminal.js'), script);
  await writeFile(join(folder, 'secret.pem'), 'no page');
  pages = await StaticPages.load(folder);
});

afterAll(() => rm(folder, { recursive: true }));

function get(path: string, headers: Record<string, string> = {}): Promise<HttpResponse> {
  return new TestEdge({ pages }).door.answer(request('GET', path, { headers }));
}

describe('the static pages', () => {
  it('answer at the addresses of the pages, without signing in', async () => {
    for (const path of ['/', '/terminal', '/terminal.html', '/terminal?cluster=local&pod=a']) {
      expect(Buffer.from((await get(path)).body).toString(), path).toBe('<!doctype html>terminal');
    }
    for (const path of ['/log', '/log.html']) expect(Buffer.from((await get(path)).body).toString(), path).toBe('<!doctype html>log');
    expect((await get('/assets/terminal.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  it('allow scripts and styles of this edge only', async () => {
    const { headers } = await get('/');
    expect(headers['content-security-policy']).toBe(
      "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; frame-ancestors 'none'",
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('are asked for again each time, and answer 304 with the same policy', async () => {
    const first = await get('/');
    expect(first.headers['cache-control']).toBe('no-cache');
    const etag = String(first.headers['etag']);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get('/', { 'if-none-match': tag });
      expect(again.status).toBe(304);
      expect(again.body.length).toBe(0);
      expect(again.headers['content-security-policy']).toBe(first.headers['content-security-policy']);
    }
    expect((await get('/', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('are compressed for who takes it, under another tag', async () => {
    const packed = await get('/assets/terminal.js', { 'accept-encoding': 'br, gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).toString()).toBe(script);
    expect(packed.headers['etag']).not.toBe((await get('/assets/terminal.js')).headers['etag']);
  });

  it('are nothing else than the built files', async () => {
    for (const path of ['/secret.pem', '/../secret.pem', '/assets', '/assets/', '/%2e%2e/x', '//', '/assets/..%2fterminal.html']) {
      expect((await get(path)).status, path).toBe(404);
    }
    await expect(StaticPages.load(join(folder, 'none'))).rejects.toMatchObject({ code: 'no-pages' });
  });
});
