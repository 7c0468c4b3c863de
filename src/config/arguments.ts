import { nearest } from './nearest.ts';
import { type Command, commands } from './option.ts';
import { type OptionName, optionNames, optionOf } from './options.ts';
import type { Problem } from './problem.ts';

export interface Arguments {
  readonly command: Command;
  readonly help: boolean;
  readonly version: boolean;
  readonly printConfig: boolean;
  /** As written. */
  readonly values: ReadonlyMap<OptionName, string>;
  readonly problems: readonly Problem[];
}

const meta = ['--help', '--version', '--print-config'];

/** `[command] [--flag value | --flag=value]…`, everything that is wrong at once. */
export function parseArguments(argv: readonly string[]): Arguments {
  const values = new Map<OptionName, string>();
  const problems: Problem[] = [];
  const seen = new Set<string>();
  let rest = [...argv];
  const first = rest[0];
  const command = commands.find((name) => name === first);
  if (command) rest = rest.slice(1);

  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [flag = '', inline] = split(arg);
    if (arg === '-h') seen.add('--help');
    else if (meta.includes(flag) && inline === undefined) seen.add(flag);
    else if (!arg.startsWith('--')) problems.push(unexpected(arg, arg === first));
    else {
      const name = optionNames.find((candidate) => optionOf(candidate).flag === flag);
      if (!name) problems.push(unknownFlag(flag));
      else if (optionOf(name).value === '') values.set(name, inline ?? 'true');
      else if (inline !== undefined) values.set(name, inline);
      else if (rest[0] === undefined || rest[0].startsWith('--')) {
        problems.push({ where: flag, what: 'needs a value', todo: `Give ${flag} ${optionOf(name).value}` });
      } else values.set(name, rest.shift() ?? '');
    }
  }
  const chosen = command ?? 'standalone';
  for (const name of values.keys()) {
    const option = optionOf(name);
    if (option.commands.includes(chosen)) continue;
    problems.push({ where: option.flag, what: `has no meaning for ${chosen}`, todo: `It belongs to ${option.commands.join(', ')}` });
  }
  const has = (flag: string) => seen.has(flag);
  return { command: chosen, help: has('--help'), version: has('--version'), printConfig: has('--print-config'), values, problems };
}

function split(arg: string): [string, string | undefined] {
  const at = arg.indexOf('=');
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function unexpected(arg: string, isFirst: boolean): Problem {
  if (!isFirst) return { where: arg, what: 'is not expected here', todo: 'See --help' };
  const near = nearest(arg, commands);
  return { where: arg, what: 'is no command', todo: near ? `Did you mean ${near}?` : `Give one of ${commands.join(', ')}` };
}

function unknownFlag(flag: string): Problem {
  const near = nearest(flag, [...meta, ...optionNames.map((name) => optionOf(name).flag)]);
  return { where: flag, what: 'is no flag', todo: near ? `Did you mean ${near}?` : 'See --help' };
}
