#!/usr/bin/env node
// `npm test`: installs what the tests need, builds, runs everything, and ends with the plain line `N passed, N failed`.
// Plain JavaScript on purpose: it runs on a fresh clone, before anything is installed. Nothing is skipped silently: a test that was
// skipped, a test file that did not load, and an upstream test that ran only against the demo cluster count as failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const debianPackages = { 'redis-server': 'redis-server', nginx: 'nginx-light', chromium: 'chromium', openssl: 'openssl', ps: 'procps' };
/** Suites that start many processes or a browser: one after the other, so that they do not disturb each other. */
const heavy = ['test/chaos', 'test/browser'];

const failures = [];
let passed = 0;

function step(name, command, args, options = {}) {
  process.stdout.write(`\n── ${name}\n`);
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  process.stdout.write(`── ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return status === 0;
}

function check(name, command, args) {
  if (step(name, command, args)) passed++;
  else failures.push(name);
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

function end() {
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`);
  process.exit(failures.length === 0 ? 0 : 1);
}

function stop(line) {
  process.stderr.write(`${line}\n`);
  failures.push(line);
  end();
}

function installPackages() {
  const stale = () => {
    const installed = join(root, 'node_modules', '.package-lock.json');
    return !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs;
  };
  if (stale() && !step('npm ci', 'npm', ['ci', '--no-audit', '--no-fund'])) stop('npm ci failed: see above');
}

function installPrograms() {
  const missing = Object.entries(debianPackages).filter(([program]) => !has(program));
  if (missing.length > 0) {
    const names = missing.map(([, name]) => name);
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const possible = has('apt-get') && (sudo.length === 0 || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0);
    if (!possible)
      stop(`the tests need these Debian packages: ${names.join(' ')}. Install them with: sudo apt-get install ${names.join(' ')}`);
    const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    const apt = (...args) => step(`apt-get ${args.join(' ')}`, [...sudo, 'apt-get'][0], [...[...sudo, 'apt-get'].slice(1), ...args], quiet);
    if (!apt('update', '-qq') || !apt('install', '-y', '-qq', '--no-install-recommends', ...names))
      stop(`apt-get could not install: ${names.join(' ')}`);
  }
  if (!has('go')) stop('the tests need Go 1.26 or newer on PATH, for the Kubernetes test server: https://go.dev/dl/');
}

/** @returns the JSON report of vitest */
function vitest(name, args) {
  const report = join(cache, `vitest-${name}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  step(`vitest: ${name}`, 'npx', ['--no-install', 'vitest', 'run', ...args, ...reporters]);
  if (!existsSync(report)) {
    failures.push(`vitest ${name} wrote no report`);
    return [];
  }
  return JSON.parse(readFileSync(report, 'utf8')).testResults;
}

function count(files) {
  const all = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, where: file.name.replace(root, '') })));
  for (const test of all) {
    if (test.status === 'passed') passed++;
    else failures.push(`${test.where}: ${test.fullName} (${test.status})`);
  }
  for (const file of files) {
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
      failures.push(`${file.name}: ${file.message}`);
  }
  // What was shown against our own demo cluster only proves nothing: the same test must have passed against Kubernetes' own code.
  const passedOn = (server) => all.filter((test) => test.status === 'passed' && test.fullName.includes(`(${server})`));
  const proven = new Set(passedOn('kubernetes server').map((test) => test.title));
  if (proven.size === 0) failures.push("nothing ran against Kubernetes' own server code");
  for (const test of passedOn('demo cluster'))
    if (!proven.has(test.title)) failures.push(`ran against the demo cluster only: ${test.fullName}`);
}

mkdirSync(cache, { recursive: true });
installPackages();
installPrograms();
for (const program of ['kubernetes-server', 'kubectl']) {
  const cwd = join(root, 'test', program);
  if (!step(`build ${program} for the tests`, 'go', ['build', '-trimpath', '-o', '/dev/null', '.'], { cwd }))
    stop(`${program} did not build: see above`);
}
if (!step('build', 'npm', ['run', '--silent', 'build'])) stop('the build failed: see above');
check('types of the tests', 'npx', ['--no-install', 'tsc', '-p', 'test']);
check('lint', 'npx', ['--no-install', 'biome', 'ci', '--colors=off']);
check('rules with tests', 'npm', ['run', '--silent', 'spec:coverage']);
check('dead code', 'npx', ['--no-install', 'knip', '--no-progress']);
check('Go tests of the Kubernetes test server', 'go', ['-C', join(root, 'test', 'kubernetes-server'), 'test', './...']);
const light = vitest(
  'light',
  heavy.flatMap((folder) => ['--exclude', `${folder}/**`]),
);
const alone = vitest('heavy', [...heavy, '--no-file-parallelism']);
count([...light, ...alone]);
if (light.length === 0) failures.push('no test file ran');
end();
