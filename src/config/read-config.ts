import { z } from 'zod';
import { type Arguments, parseArguments } from './arguments.ts';
import { nearest } from './nearest.ts';
import type { Command } from './option.ts';
import { type Config, type OptionName, optionNames, optionOf, options } from './options.ts';
import { type Problem, problemLine } from './problem.ts';
import { checkTogether } from './rules.ts';

/** One value each, as text; what is absent has no default. */
const schema = z.object(Object.fromEntries(optionNames.map((name) => [name, options[name].schema.optional()])));

export type Reading =
  | { readonly kind: 'help'; readonly command: Command }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'config';
      readonly command: Command;
      readonly config: Config;
      readonly printConfig: boolean;
      /** Flag, variable or default. */
      readonly sources: ReadonlyMap<OptionName, Source>;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'problems'; readonly lines: readonly string[] };

export type Source = 'flag' | 'environment' | 'default';

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags over environment over defaults; all problems at once, one line each. An empty variable is as good as none. */
export function readConfig(argv: readonly string[], env: Environment): Reading {
  const args = parseArguments(argv);
  if (args.help) return { kind: 'help', command: args.command };
  if (args.version) return { kind: 'version' };

  const { texts, sources } = collect(args, env);
  const where = (name: OptionName) => (sources.get(name) === 'environment' ? optionOf(name).env : optionOf(name).flag);
  const problems: Problem[] = [...args.problems];
  const { values, broken } = parse(texts);
  for (const [name, message] of broken) problems.push(splitMessage(where(name), message));
  problems.push(...checkTogether(args.command, values, where));
  if (problems.length > 0) return { kind: 'problems', lines: problems.map(problemLine) };

  const { command, printConfig } = args;
  // Every option was read without a problem, so what is absent is what may be absent.
  return { kind: 'config', command, config: values as Config, printConfig, sources, warnings: misspelt(env) };
}

function collect(args: Arguments, env: Environment): { texts: Map<OptionName, string>; sources: Map<OptionName, Source> } {
  const texts = new Map<OptionName, string>();
  const sources = new Map<OptionName, Source>();
  const put = (name: OptionName, text: string | undefined, source: Source) => {
    if (text === undefined || texts.has(name)) return;
    texts.set(name, text);
    sources.set(name, source);
  };
  for (const name of optionNames) {
    const option = optionOf(name);
    put(name, args.values.get(name), 'flag');
    // A variable for another command is left alone: processes share one environment file.
    if (option.commands.includes(args.command)) put(name, env[option.env]?.trim() || undefined, 'environment');
    put(name, option.default, 'default');
  }
  return { texts, sources };
}

function parse(texts: ReadonlyMap<OptionName, string>): { values: Partial<Config>; broken: Map<OptionName, string> } {
  const broken = new Map<OptionName, string>();
  const remaining = new Map(texts);
  // An object with a broken field has no value at all: the fields that can be read are needed for the rules between them.
  let result = schema.safeParse(Object.fromEntries(remaining));
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = issue.path[0] as OptionName;
      if (!broken.has(name)) broken.set(name, issue.message);
      remaining.delete(name);
    }
    result = schema.safeParse(Object.fromEntries(remaining));
  }
  return { values: (result.data ?? {}) as Partial<Config>, broken };
}

function splitMessage(where: string, message: string): Problem {
  const [what = '', ...todo] = message.split('. ');
  return { where, what, todo: todo.join('. ') };
}

/** Kubernetes sets variables of its own that begin like ours (`POSEIDON_PORT`), so an unknown one is only mentioned when it is nearly right. */
function misspelt(env: Environment): readonly string[] {
  const known = optionNames.map((name) => optionOf(name).env);
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('POSEIDON_') || known.includes(name)) return [];
    const near = nearest(name, known);
    return near ? [`${name} is no setting; did you mean ${near}?`] : [];
  });
}
