import type { IDisposable, IParser } from '@xterm/xterm';

/**
 * After a reload the screen is made again from the log, questions to the terminal included. The page before has answered them;
 * a second answer would be typed into whatever runs now. While replaying, questions are swallowed; keys of a person pass.
 */
export class ReplayGuard {
  #replaying = false;
  readonly #handlers: IDisposable[];

  constructor(parser: IParser) {
    const swallow = () => this.#replaying;
    const question = (data: string) => this.#replaying && data.includes('?');
    this.#handlers = [
      // Device attributes (DA1, DA2, DA3), status reports, XTVERSION, mode requests, window reports.
      ...['', '>', '='].map((prefix) => parser.registerCsiHandler({ ...(prefix && { prefix }), final: 'c' }, swallow)),
      ...['', '?'].map((prefix) => parser.registerCsiHandler({ ...(prefix && { prefix }), final: 'n' }, swallow)),
      ...['', '?'].map((prefix) => parser.registerCsiHandler({ ...(prefix && { prefix }), intermediates: '$', final: 'p' }, swallow)),
      parser.registerCsiHandler({ prefix: '>', final: 'q' }, swallow),
      parser.registerCsiHandler({ prefix: '?', final: 'u' }, swallow),
      parser.registerCsiHandler({ final: 't' }, swallow),
      // Colours asked for: OSC 4, 10, 11, 12 with a question mark.
      ...[4, 10, 11, 12].map((id) => parser.registerOscHandler(id, question)),
      // DECRQSS and XTGETTCAP.
      parser.registerDcsHandler({ intermediates: '$', final: 'q' }, swallow),
      parser.registerDcsHandler({ intermediates: '+', final: 'q' }, swallow),
    ];
  }

  set replaying(replaying: boolean) {
    this.#replaying = replaying;
  }

  dispose(): void {
    for (const handler of this.#handlers) handler.dispose();
  }
}
