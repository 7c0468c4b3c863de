import { pino } from 'pino';
import { textLine } from './text-line.ts';

/** Events, not prose: one line a state change, never terminal content, never a secret (house rule 11, UP8). */
export interface Log {
  debug(fields: LogFields, event: string): void;
  info(fields: LogFields, event: string): void;
  warn(fields: LogFields, event: string): void;
  error(fields: LogFields, event: string): void;
  /** The same log whose lines all carry these fields. */
  with(fields: LogFields): Log;
}

interface LogFields {
  /** A failure: its code and message are written, of a bug also the stack. */
  readonly error?: unknown;
  readonly [name: string]: unknown;
}

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Takes whole lines. */
  readonly write: (line: string) => void;
  readonly fields: LogFields;
}

/** Fields that are never written, at the top and one level below, should they get into a line by mistake. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'token', 'accessToken', 'ticket', 'key', 'resumeKey', 'credential', 'password'];

export function createLog({ level, format, write, fields }: LogSettings): Log {
  const logger = pino(
    {
      level,
      base: fields,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '***' },
      serializers: { error: describeError },
    },
    { write: format === 'json' ? write : (line: string) => write(textLine(line)) },
  );
  return new PinoLog(logger);
}

class PinoLog implements Log {
  readonly #logger: pino.Logger;

  constructor(logger: pino.Logger) {
    this.#logger = logger;
  }

  debug(fields: LogFields, event: string): void {
    this.#logger.debug(fields, event);
  }

  info(fields: LogFields, event: string): void {
    this.#logger.info(fields, event);
  }

  warn(fields: LogFields, event: string): void {
    this.#logger.warn(fields, event);
  }

  error(fields: LogFields, event: string): void {
    this.#logger.error(fields, event);
  }

  with(fields: LogFields): Log {
    return new PinoLog(this.#logger.child(fields));
  }
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? error.code : undefined;
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { ...(code === undefined ? { stack: error.stack } : { code }), message: error.message, ...cause };
}
