import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/base/coded-error.ts';
import { createLog, type Log, type LogSettings } from '../../src/telemetry/log.ts';

function collect(settings: Partial<LogSettings> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', fields: {}, write: (line) => void lines.push(line), ...settings });
  return { log, lines };
}

describe('the log', () => {
  it('writes one JSON line an event, with its fields', () => {
    const { log, lines } = collect({ fields: { edge: 'edge-1' } });
    log.with({ sessionId: 's' }).info({ fence: 7 }, 'session taken');
    log.debug({}, 'not written');
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', event: 'session taken', edge: 'edge-1', sessionId: 's', fence: 7 });
  });

  it('writes text for people, control characters escaped', () => {
    const { log, lines } = collect({ format: 'text' });
    log.warn({ pod: 'web-0', text: 'a\u001b[31mb c', error: new CodedError('port-in-use', 'taken') }, 'odd');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}odd pod=web-0 text="a\\u001b\[31mb c" error=/);
    expect(lines[0]).toContain('{"code":"port-in-use","message":"taken"}');
  });

  it('[UP8] never writes a secret, even one that got into a line by mistake', () => {
    const { log, lines } = collect();
    const headers = { authorization: 'Bearer SECRET', cookie: 'R_SESS=SECRET', 'set-cookie': 'x=SECRET' };
    log.info({ token: 'SECRET', ticket: 'SECRET', key: 'SECRET', credential: { token: 'SECRET' }, headers, request: headers }, 'mistake');
    log.with({ authorization: 'SECRET', user: { token: 'SECRET', password: 'SECRET' } }).error({}, 'mistake');
    expect(lines.length).toBe(2);
    expect(lines.join('')).not.toContain('SECRET');
  });
});
