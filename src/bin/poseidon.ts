#!/usr/bin/env node
import { CodedError } from '../base/coded-error.ts';
import { Scope } from '../base/scope.ts';
import { helpText, printedConfig } from '../config/describe.ts';
import type { Config } from '../config/options.ts';
import { type Reading, readConfig } from '../config/read-config.ts';
import type { AuditEvent } from '../session/audit-event.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { UpstreamRefusal } from '../upstream/upstream.ts';
import { type Running, runCommand } from './run-command.ts';
import { packageVersion } from './system.ts';
import { untilStopped } from './until-stopped.ts';

const usageError = 2;

await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  // A reader that went away, for example `| head -1`, is no reason to fall.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const reading = readConfig(argv, process.env);
  switch (reading.kind) {
    case 'help':
      process.stdout.write(helpText(reading.command));
      return;
    case 'version':
      process.stdout.write(`${packageVersion()}\n`);
      return;
    case 'problems':
      for (const line of reading.lines) complain(line);
      process.exitCode = usageError;
      return;
    case 'config':
      if (reading.printConfig) process.stdout.write(printedConfig(reading.command, reading.config, reading.sources));
      else process.exit(await run(reading));
  }
}

/** @returns the exit code */
async function run({ command, config, warnings }: Extract<Reading, { kind: 'config' }>): Promise<number> {
  const log = openLog(config);
  for (const warning of warnings) log.warn({ warning }, 'setting ignored');
  const scope = new Scope();
  const stopped = untilStopped(log);
  let running: Running;
  try {
    const environment = process.env;
    const setting = {
      config,
      version: packageVersion(),
      environment,
      log,
      audit: openAudit(config),
      say: (line: string) => void process.stdout.write(`${line}\n`),
    };
    const started = await Promise.race([runCommand(command, setting, scope), stopped.reason.then(() => undefined)]);
    if (!started) return await close(scope, log, 0);
    running = started;
  } catch (failure) {
    fatal(failure, log);
    return await close(scope, log, 1);
  }
  const reason = await stopped.reason;
  if (reason === 'terminate' && config.drainSeconds > 0) {
    log.info({ seconds: config.drainSeconds }, 'draining');
    await running.drain(config.drainSeconds * 1000).catch((error: unknown) => log.error({ error }, 'draining failed'));
  }
  return await close(scope, log, reason === 'bug' ? 1 : 0);
}

async function close(scope: Scope, log: Log, code: number): Promise<number> {
  try {
    await scope.close();
    return code;
  } catch (error) {
    log.error({ error }, 'closing failed');
    return code || 1;
  }
}

/** Audit events are lines of the same log, at any level but `silent` (ED7). */
function openAudit(config: Config): (event: AuditEvent) => void {
  const { logLevel } = config;
  const log = openLog({ ...config, logLevel: logLevel === 'silent' ? 'silent' : 'info' });
  return ({ audit, ...fields }) => log.info(fields, `audit: ${audit}`);
}

function openLog({ logLevel, logFormat }: Config): Log {
  const format = logFormat === 'auto' ? (process.stderr.isTTY ? 'text' : 'json') : logFormat;
  return createLog({ level: logLevel, format, fields: {}, write: (line) => void process.stderr.write(line) });
}

/** One line for what a person can change; anything else is a bug, whose trace goes to the log only. */
function fatal(failure: unknown, log: Log): void {
  if (failure instanceof CodedError || failure instanceof UpstreamRefusal) return complain(failure.message);
  complain(failure instanceof Error ? `failed to start: ${failure.message}` : 'failed to start');
  log.debug({ error: failure }, 'failed to start');
}

function complain(line: string): void {
  process.stderr.write(`poseidon: ${line}\n`);
}
