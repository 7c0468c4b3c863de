/** A failure that a caller or a person acts on: a code from a closed set, one sentence, never credentials or terminal content. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message);
    this.name = 'CodedError';
    this.code = code;
    if (options?.cause !== undefined) this.cause = options.cause;
  }
}

/** For the branch that the type system says cannot be reached. */
export function assertNever(value: never): never {
  throw new Error(`unexpected: ${JSON.stringify(value)}`);
}
