// The part of the build that the compiler does not do: bundles the pages into dist/public, copies Lua scripts, stamps the build.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = join(root, 'dist/public');

await rm(pages, { recursive: true, force: true });
await build({
  entryPoints: { terminal: join(root, 'src/web/terminal/main.ts'), log: join(root, 'src/web/log/main.ts') },
  outdir: join(pages, 'assets'),
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'eof',
  logLevel: 'warning',
});

// For pages of others, in one file (docs/embedding.md).
await build({
  entryPoints: { 'poseidon-addon': join(root, 'src/addon/index.ts') },
  outdir: join(pages, 'assets'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  logLevel: 'warning',
});

await copy('src/web/pages/terminal.html', 'dist/public/terminal.html');
// For static servers that know nothing of the relay's addresses.
await copy('src/web/pages/terminal.html', 'dist/public/index.html');
await copy('src/web/pages/log.html', 'dist/public/log.html');
await copy('src/web/pages/favicon.svg', 'dist/public/assets/favicon.svg');
await rm(join(root, 'dist/broker/redis/lua'), { recursive: true, force: true });
await copy('src/broker/redis/lua', 'dist/broker/redis/lua');
await writeFile(join(root, 'dist/.built'), '');

async function copy(from, to) {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await cp(join(root, from), join(root, to), { recursive: true });
}
