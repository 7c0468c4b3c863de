import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CodedError } from '../../base/coded-error.ts';
import type { HttpResponse, RequestHead } from '../listener.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

interface Page {
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array;
  /** Absent where it saves nothing. */
  readonly gzipped: Uint8Array | undefined;
}

/** The built pages, read once: a few files of at most some hundred kilobytes. A path is looked up, never made into a file name. */
export class StaticPages {
  readonly #pages: ReadonlyMap<string, Page>;

  private constructor(pages: ReadonlyMap<string, Page>) {
    this.#pages = pages;
  }

  /** @throws CodedError `no-pages` when the folder is not there */
  static async load(folder: string): Promise<StaticPages> {
    const pages = new Map<string, Page>();
    for (const file of await filesBelow(folder)) {
      const path = `/${relative(folder, file).split(sep).join('/')}`;
      const page = await readPage(file);
      if (!page) continue;
      pages.set(path, page);
      if (path === '/terminal.html') for (const alias of ['/', '/terminal']) pages.set(alias, page);
      if (path === '/log.html') pages.set('/log', page);
    }
    return new StaticPages(pages);
  }

  /** @returns undefined: no such page */
  answer(request: RequestHead): HttpResponse | undefined {
    const page = this.#pages.get(request.path);
    if (!page || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined;
    const packed = page.gzipped && /\bgzip\b/.test(request.header('accept-encoding') ?? '') ? page.gzipped : undefined;
    const etag = packed ? `"${page.etag}-gzip"` : `"${page.etag}"`;
    // Names stay the same from build to build, so a browser asks each time; the answer is nearly always 304.
    // The type belongs to a 304 too: a browser takes over the headers that depend on it.
    const headers = { etag, 'content-type': page.type, 'cache-control': 'no-cache', vary: 'accept-encoding' };
    if (matches(request.header('if-none-match'), etag)) return { status: 304, headers, body: new Uint8Array() };
    const encoding: Record<string, string> = packed ? { 'content-encoding': 'gzip' } : {};
    return { status: 200, headers: { ...headers, ...encoding }, body: packed ?? page.body };
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw new CodedError('no-pages', `the web pages are not in ${folder}: run npm run build`, { cause });
  }
}

async function readPage(file: string): Promise<Page | undefined> {
  const type = types[extname(file)];
  if (type === undefined) return undefined;
  const body = await readFile(file);
  const gzipped = await promisify(gzip)(body);
  const etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, etag, body, gzipped: gzipped.length < body.length * 0.9 ? gzipped : undefined };
}

/** Weak comparison: a proxy may have made the tag weak (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((given) => given.trim().replace(/^W\//, '') === etag) ?? false;
}
