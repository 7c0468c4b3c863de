import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { CodedError } from '../../base/coded-error.ts';

export type SettingsCode = 'bad-kubeconfig' | 'bad-clusters-file';

/** A kubeconfig with a thousand contexts is below 2 MB. */
const largestFileBytes = 8 * 1024 * 1024;

/** One file of settings, in YAML or JSON, and how a person is told what is wrong in it. */
export interface SettingsFile {
  readonly path: string;
  readonly code: SettingsCode;
}

/**
 * The object a file holds. Aliases are bounded by the parser.
 * @throws CodedError that names the file, never what it holds
 */
export async function readSettings(file: SettingsFile): Promise<Fields> {
  const text = await textOf(file);
  const document = parseDocument(text, { logLevel: 'silent' });
  const error = document.errors[0];
  // The parser's message quotes the text, which may be a secret: only its kind and place are told.
  if (error) {
    const line = error.linePos?.[0].line;
    throw problem(file, '', `is no YAML (${error.code}${line === undefined ? '' : ` in line ${line}`})`, 'Correct it there');
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch {
    throw problem(file, '', 'has aliases that nobody can follow', 'Write out what they stand for');
  }
  if (!isObject(value)) throw problem(file, '', 'holds no settings', 'Give the right file');
  return new Fields(file, '', value);
}

async function textOf(file: SettingsFile): Promise<string> {
  try {
    const { size } = await stat(file.path);
    if (size > largestFileBytes) throw problem(file, '', `is larger than ${largestFileBytes} bytes`, 'Give the right file');
    return await readFile(file.path, 'utf8');
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw problem(file, '', `cannot be read${because(cause)}`, 'Give a file that this process may read');
  }
}

/** The fields of one object of a settings file. What has the wrong form is a CodedError with file, place, field and what to do. */
export class Fields {
  readonly #file: SettingsFile;
  readonly #place: string;
  readonly #values: { readonly [name: string]: unknown };

  /** @param place for people, for example `context "admin": user "kim": ` */
  constructor(file: SettingsFile, place: string, values: { readonly [name: string]: unknown }) {
    this.#file = file;
    this.#place = place;
    this.#values = values;
  }

  names(): readonly string[] {
    return Object.keys(this.#values).filter((name) => this.has(name));
  }

  /** An empty field is as good as none, as in Kubernetes' own reading. */
  has(name: string): boolean {
    const value = this.#values[name];
    return value !== undefined && value !== null && value !== '';
  }

  text(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#values[name];
    if (typeof value === 'string') return value;
    throw this.problem(name, 'is no text', 'Give a text; put a number into quotes');
  }

  needed(name: string, todo: string): string {
    const text = this.text(name);
    if (text === undefined) throw this.problem(name, 'is missing', todo);
    return text;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (!this.has(name) || value === false) return false;
    if (value === true) return true;
    throw this.problem(name, 'is neither true nor false', 'Give true or false');
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    if (!this.has(name)) return [];
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
    throw this.problem(name, 'is no list of texts', 'Give a list; put numbers into quotes');
  }

  object(name: string): Fields | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#values[name];
    if (isObject(value)) return new Fields(this.#file, `${this.#place}${name}: `, value);
    throw this.problem(name, 'is no object', 'Give the fields below it');
  }

  /** @param placeOf how one is called, from its `name` if it has one, else from its place in the list */
  objects(name: string, placeOf: (called: string) => string): readonly Fields[] {
    const value = this.#values[name];
    if (!this.has(name)) return [];
    if (!Array.isArray(value)) throw this.problem(name, 'is no list', 'Give a list');
    return value.map((one: unknown, index) => {
      if (!isObject(one)) throw this.problem(`${name}[${index}]`, 'is no object', 'Give the fields below it');
      const called = typeof one['name'] === 'string' ? JSON.stringify(one['name']) : `number ${index + 1}`;
      return new Fields(this.#file, `${this.#place}${placeOf(called)}: `, one);
    });
  }

  /** The same fields, seen from elsewhere. */
  under(place: string): Fields {
    return new Fields(this.#file, `${place}${this.#place}`, this.#values);
  }

  /** A path as the file means it: from its own folder. */
  path(name: string): string | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : resolve(dirname(this.#file.path), text);
  }

  /** The path of a file that can be read now. */
  async readable(name: string): Promise<string | undefined> {
    const path = this.path(name);
    if (path === undefined) return undefined;
    try {
      await readFile(path);
    } catch (cause) {
      throw this.problem(name, `the file ${path} cannot be read${because(cause)}`, 'Give a file that this process may read');
    }
    return path;
  }

  /** What a field in base64 holds, as text. */
  decoded(name: string): string | undefined {
    const text = this.text(name)?.replace(/\s+/g, '');
    if (text === undefined) return undefined;
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw this.problem(name, 'is no base64', 'Give it as kubectl writes it');
    return Buffer.from(text, 'base64').toString('utf8');
  }

  /** What is wrong with it by another rule. @param parse throws CodedError with one sentence */
  parsed<Value>(name: string, parse: () => Value): Value {
    try {
      return parse();
    } catch (failure) {
      if (!(failure instanceof CodedError)) throw failure;
      const [first = '', ...rest] = failure.message.replace(/\.$/, '');
      throw this.problem(name, `${first.toLowerCase()}${rest.join('')}`, 'Correct it');
    }
  }

  /** @param what without a full stop; never the value, which may be secret */
  problem(name: string, what: string, todo: string): CodedError<SettingsCode> {
    return problem(this.#file, `${this.#place}${name}: `, what, todo);
  }
}

function problem({ path, code }: SettingsFile, place: string, what: string, todo: string): CodedError<SettingsCode> {
  return new CodedError(code, `${path}: ${place}${what}. ${todo}.`);
}

function because(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === undefined ? '' : ` (${code})`;
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
