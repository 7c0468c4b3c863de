import { type Command, commands, type Option } from './option.ts';
import { type Config, type OptionName, optionNames, optionOf } from './options.ts';
import type { Source } from './read-config.ts';

const summaries: Readonly<Record<Command, string>> = {
  standalone: 'edge, worker and broker in one process; with a demo cluster when no upstream is given (the default)',
  edge: 'takes browser sockets; meets workers in Redis',
  worker: 'holds the connections to the clusters',
  'demo-cluster': 'a small Kubernetes look-alike whose pods are shells on this machine',
};

export function helpText(command: Command): string {
  const lines = ['usage: poseidon [command] [flags]', '', 'Commands'];
  for (const name of commands) lines.push(`  ${name.padEnd(14)}${summaries[name]}`);
  const shown = optionNames.filter((name) => optionOf(name).commands.includes(command));
  for (const group of new Set(shown.map((name) => optionOf(name).group))) {
    lines.push('', `${group} (${command})`);
    for (const name of shown) if (optionOf(name).group === group) lines.push(...optionHelp(optionOf(name)));
  }
  lines.push('', 'Other', '  --print-config', '      Print what was read, secrets masked, and exit.');
  lines.push('  --help, --version', '', 'Every flag can be given as the variable behind it; a flag wins.', '');
  return lines.join('\n');
}

function optionHelp(option: Option): string[] {
  const fallback = option.default === undefined ? '' : ` Default: ${option.default}.`;
  return [`  ${`${option.flag} ${option.value}`.trim()}  (${option.env})`, `      ${option.description}${fallback}`];
}

/** One `VARIABLE=value  # source` line each; what is not set is a comment. */
export function printedConfig(command: Command, config: Config, sources: ReadonlyMap<OptionName, Source>): string {
  const lines = optionNames
    .filter((name) => optionOf(name).commands.includes(command))
    .map((name) => {
      const value = config[name];
      const option = optionOf(name);
      if (value === undefined) return `# ${option.env} is not set`;
      return `${option.env}=${option.secret ? masked(String(value)) : plain(value)}  # ${sources.get(name) ?? 'default'}`;
    });
  return `${lines.join('\n')}\n`;
}

/** Of a URL everything but user and password is of use; anything else is hidden whole. */
function masked(text: string): string {
  const several = /^(rediss?\+\w+:\/\/)([^@/]*@)?([^?]*)/.exec(text);
  if (several) return `${several[1]}${several[2] ? '***@' : ''}${several[3]}`;
  if (!URL.canParse(text)) return '***';
  const url = new URL(text);
  const login = url.username === '' && url.password === '' ? '' : '***@';
  return `${url.protocol}//${login}${url.host}${url.pathname}`;
}

function plain(value: NonNullable<Config[OptionName]>): string {
  if (typeof value !== 'object') return String(value);
  if ('host' in value) return `${value.host.includes(':') ? `[${value.host}]` : value.host}:${value.port}`;
  return value.join(',') || 'none';
}

/** Rows of the table in the documentation (Markdown). */
export function configTable(): string {
  const rows = optionNames.map((name) => {
    const { env, flag, value, default: fallback, description, commands: where } = optionOf(name);
    const shown = `${flag} ${value}`.trim().replaceAll('|', '\\|');
    const used = where.length === commands.length ? 'all' : where.join(', ');
    return `| \`${env}\` | \`${shown}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${used} | ${description} |`;
  });
  return ['| variable | flag | default | commands | what for |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}
