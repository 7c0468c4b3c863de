/** The members of `redis-parser` that resp-socket.ts uses; the package has no types of its own. */
declare module 'redis-parser' {
  import type { Buffer } from 'node:buffer';

  class RedisParser {
    constructor(options: {
      /** Strings come as Buffers over the chunk they arrived in. */
      readonly returnBuffers: true;
      readonly returnReply: (reply: unknown) => void;
      readonly returnError: (error: Error) => void;
      readonly returnFatalError: (error: Error) => void;
    });
    execute(chunk: Buffer): void;
  }
  export = RedisParser;
}
