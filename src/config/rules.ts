import { jwtOptions } from './jwt-options.ts';
import type { Command } from './option.ts';
import type { Config, OptionName } from './options.ts';
import type { Problem } from './problem.ts';

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** What must hold between options. Values that could not be read are absent. */
export function checkTogether(command: Command, config: Partial<Config>, where: (name: OptionName) => string): readonly Problem[] {
  const problems: Problem[] = [];
  const say: Say = (name, what, todo) => problems.push({ where: where(name), what, todo });
  const isEdge = command === 'edge' || command === 'standalone';
  const isRelay = isEdge || command === 'worker';

  if (isRelay) checkUpstream(command, config, say);
  else if (config.listen && !isLoopback(config.listen.host) && !config.tokenFile) {
    say('tokenFile', 'is needed: the demo cluster runs shells for whoever reaches it', 'Give --token-file FILE, or listen on 127.0.0.1');
  }
  if (command !== 'standalone' && isRelay && !config.redisUrl) {
    say('redisUrl', `is needed: ${command} processes meet in Redis`, 'Give for example redis://127.0.0.1:6379, or run standalone');
  }
  if (isEdge) checkEdge(command, config, say);
  if (isEdge) checkJwt(config, say);
  if ((config.auth === 'passthrough' || config.auth === 'jwt') && command === 'edge' && !config.sealKeyFile) {
    say('sealKeyFile', "is needed: users' credentials lie sealed in Redis", 'Make one with: openssl rand -base64 32 > seal.key');
  }
  return problems;
}

type Say = (name: OptionName, what: string, todo: string) => void;

const upstreams = ['server', 'rancher', 'kubeconfig', 'clustersFile', 'inCluster', 'demo'] as const;

function checkUpstream(command: Command, config: Partial<Config>, say: Say): void {
  const given = upstreams.filter((name) => config[name]);
  for (const name of given.slice(1)) say(name, 'names a second upstream', 'Give only one');
  if (given.length === 0 && command !== 'standalone') {
    say(
      'server',
      'is needed: no upstream is given',
      'Give --server URL, --rancher URL, --kubeconfig FILE, --clusters-file FILE or --in-cluster',
    );
  }
  for (const name of ['tokenFile', 'caFile'] as const) {
    if (config.server || config.rancher || !config[name]) continue;
    say(name, 'is for --server or --rancher, and neither is given', 'Give --server URL too');
  }
  if (!config.kubeconfig && config.context) say('context', 'is for --kubeconfig, which is not given', 'Give --kubeconfig FILE too');
}

function checkEdge(command: Command, config: Partial<Config>, say: Say): void {
  if (config.tlsCertFile && !config.tlsKeyFile) say('tlsKeyFile', 'is needed with a certificate', 'Give --tls-key-file FILE');
  if (config.tlsKeyFile && !config.tlsCertFile) say('tlsCertFile', 'is needed with a key', 'Give --tls-cert-file FILE');
  const { kubernetesTlsCertFile: cert, kubernetesTlsKeyFile: key } = config;
  if (cert && !key) say('kubernetesTlsKeyFile', 'is needed with a certificate', 'Give --kubernetes-tls-key-file FILE');
  if (key && !cert) say('kubernetesTlsCertFile', 'is needed with a key', 'Give --kubernetes-tls-cert-file FILE');
  if (cert && !config.kubernetesListen)
    say('kubernetesTlsCertFile', 'is for --kubernetes-listen, which is not given', 'Give --kubernetes-listen HOST:PORT too');
  if (config.auth === 'none' && config.kubernetesListen && !isLoopback(config.kubernetesListen.host)) {
    say('kubernetesListen', 'is for loopback addresses only with --auth none', 'Listen on 127.0.0.1, or use another --auth');
  }
  if (config.auth === 'none' && config.listen && !isLoopback(config.listen.host)) {
    say('auth', 'none lets anybody in, so it is for loopback addresses only', 'Listen on 127.0.0.1, or use --auth token');
  }
  if (config.auth === 'token' && command === 'edge' && !config.accessTokenFile) {
    say('accessTokenFile', 'is needed: every edge must know the same access token', 'Make one with: openssl rand -hex 24 > access.token');
  }
  if (config.auth !== undefined && config.auth !== 'token' && config.accessTokenFile) {
    say('accessTokenFile', `is for --auth token, not for ${config.auth}`, 'Leave it out, or use --auth token');
  }
}

const needsJwt = Object.keys(jwtOptions).filter(
  (name) => !('default' in jwtOptions[name as keyof typeof jwtOptions]),
) as (keyof typeof jwtOptions)[];

function checkJwt(config: Partial<Config>, say: Say): void {
  if (config.auth === undefined) return;
  if (config.auth !== 'jwt') {
    for (const name of needsJwt)
      if (config[name] !== undefined) say(name, `is for --auth jwt, not for ${config.auth}`, 'Leave it out, or use --auth jwt');
    return;
  }
  if (!config.jwtIssuer) say('jwtIssuer', 'is needed with --auth jwt', 'Give the "iss" of the tokens, an https URL');
  if (!config.jwtAudience?.length) say('jwtAudience', 'is needed with --auth jwt', 'Give the "aud" that tokens for this relay have');
  if (config.jwtKeysUrl && config.jwtKeysFile) say('jwtKeysFile', 'names the keys a second time', 'Give only one');
  if (config.grants && config.grantsFile) say('grantsFile', 'gives the grants a second time', 'Give only one');
  if (!config.grants && !config.grantsFile) {
    const everybody = '[{"groups":["*"],"may":["exec","attach","log"]}]';
    say(
      'grants',
      'is needed with --auth jwt: nobody may do anything without',
      `Give --grants-file FILE, or '${everybody}' to let the cluster decide`,
    );
  }
}
