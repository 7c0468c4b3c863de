import { CodedError } from '../base/coded-error.ts';
import type { Scope } from '../base/scope.ts';
import type { Command } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import { startDemoCluster } from '../demo/demo-cluster.ts';
import type { AuditEvent } from '../session/audit-event.ts';
import type { Log } from '../telemetry/log.ts';
import { startAdmin } from './compose-admin.ts';
import { startEdge } from './compose-edge.ts';
import { startWorker } from './compose-worker.ts';
import { openBroker, type Parts, processName } from './parts.ts';
import { type AccessToken, accessToken, readSecret, sealer } from './secrets.ts';
import { systemClock as clock } from './system.ts';
import { openUpstream, probe } from './upstream.ts';

/** What a running command can still do before its scope is closed. */
export interface Running {
  drain(ms: number): Promise<void>;
}

export interface CommandSetting {
  readonly config: Config;
  readonly version: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly audit: (event: AuditEvent) => void;
  /** A line for the person who started it. */
  readonly say: (line: string) => void;
}

/** Starts a command; what it opened is owned by the scope. @throws CodedError with one sentence */
export async function runCommand(command: Command, setting: CommandSetting, scope: Scope): Promise<Running> {
  if (command === 'demo-cluster') return await runDemoCluster(setting, scope);
  const { config } = setting;
  const access = command !== 'worker' && config.auth === 'token' ? await accessToken(config.accessTokenFile) : undefined;
  const parts = await openParts(setting, scope);
  if (command === 'standalone') await probeClusters(parts);

  const worker = command === 'edge' ? undefined : await startWorker(parts, config.workerId ?? processName('worker', true), scope);
  const edge = command === 'worker' ? undefined : await startEdge(parts, config.edgeId ?? processName('edge', false), access?.token, scope);
  const started = [worker, edge].filter((part) => part !== undefined);
  await startAdmin(parts, started, scope);
  if (command === 'standalone' && edge) welcome(setting, edge.url, access, parts.upstream.isDemo);
  return { drain: async (ms) => void (await Promise.all(started.map((part) => part.drain(ms)))) };
}

async function openParts({ config, version, environment, log, audit }: CommandSetting, scope: Scope): Promise<Parts> {
  const sealing = await sealer(config.sealKeyFile);
  const upstream = await openUpstream({ config, environment, version, log }, scope);
  return { config, version, log, audit, sealer: sealing, upstream, broker: await openBroker(config, log, scope) };
}

/** One that nobody answers for is a mistake when it is the only one; of several the others may be used. */
async function probeClusters({ upstream: { clusters }, version, config, log }: Parts): Promise<void> {
  const all = clusters.rancher ? [clusters.rancher.root] : clusters.fixed().flatMap(({ id }) => clusters.get(id) ?? []);
  const ownCredential = config.auth !== 'passthrough';
  const path = clusters.rancher ? ['v3', 'clusters'] : ['version'];
  const failures = await Promise.all(all.map((cluster) => probe(cluster, path, version, ownCredential)));
  const [failure] = failures.flatMap((one) => one ?? []);
  if (failure && failures.every((one) => one !== undefined)) throw failure;
  failures.forEach((one, index) => {
    if (one) log.warn({ cluster: all[index]?.id, problem: one.message }, 'cluster does not answer');
  });
}

function welcome({ version, say, config }: CommandSetting, url: string, access: AccessToken | undefined, isDemo: boolean): void {
  say(`Poseidon ${version}${isDemo ? ' with a demo cluster: its pods are shells on this machine, as you' : ''}. Ctrl-C ends it.`);
  // A token from a file is the operator's and stays out of what may be a log.
  say(access && access.file === undefined ? `${url}/#token=${access.token}` : `${url}/`);
  if (access?.file !== undefined) say(`Sign in with the token in ${config.accessTokenFile}.`);
}

async function runDemoCluster({ config, say }: CommandSetting, scope: Scope): Promise<Running> {
  const { host, port } = config.listen;
  const given = config.tokenFile === undefined ? {} : { token: (await readSecret(config.tokenFile, 'token', (text) => text)).trim() };
  if (given.token === '') throw new CodedError('empty-token', `the token file ${config.tokenFile} is empty`);
  const demo = await startDemoCluster({ host, port, clock, ...given });
  scope.own(() => demo.close());
  say(`A demo cluster: its pods are shells on this machine, as you. Ctrl-C ends it.`);
  say(demo.url);
  if (given.token === undefined) say(`Its token: ${demo.token}`);
  return { drain: async () => {} };
}
