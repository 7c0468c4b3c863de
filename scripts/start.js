// `npm start`: from a fresh clone to a running standalone relay. Plain JavaScript without dependencies, because nothing may be installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Poseidon needs Node 20.19 or newer; this is ${process.versions.node}.`);

const lock = join(root, 'package-lock.json');
const installed = join(root, 'node_modules/.package-lock.json');
if (changedMs(installed) <= changedMs(lock) && !isInstalled()) {
  // npm empties what a link points to: somebody else's packages.
  const link = lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink();
  if (link) fail('node_modules is a link, and what it points to does not fit package-lock.json: run npm ci there, or remove the link.');
  console.error('Installing dependencies (npm ci) …');
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], 'The dependencies could not be installed.');
}

const built = join(root, 'dist/.built');
const sources = ['src', 'scripts/build-assets.js', 'package.json', 'tsconfig.base.json'].map((name) => newestMs(join(root, name)));
if (changedMs(built) <= Math.max(...sources)) {
  console.error('Building …');
  run('npm', ['run', '--silent', 'build'], 'The build failed.');
}

// In this very process, so that signals and the exit code need no forwarding.
await import(pathToFileURL(join(root, 'dist/bin/poseidon.js')).href);

/** A fresh checkout is younger than packages that fit it: what counts is whether every package is there in the version of the lock. */
function isInstalled() {
  if (!existsSync(installed)) return false;
  const [wanted, there] = [lock, installed].map((file) => JSON.parse(readFileSync(file, 'utf8')).packages);
  const fits = ([path, { version, optional }]) => path === '' || there[path]?.version === version || (optional && !there[path]);
  return Object.entries(wanted).every(fits);
}

/** @returns 0 for what is not there */
function changedMs(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newestMs(path) {
  if (!existsSync(path) || !statSync(path).isDirectory()) return changedMs(path);
  return Math.max(changedMs(path), ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function run(command, args, problem) {
  // Standard output stays for the relay's own line; npm is a script on Windows.
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) fail(problem);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
