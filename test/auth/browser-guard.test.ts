import { describe, expect, it } from 'vitest';
import { BrowserGuard, type GuardSettings } from '../../src/auth/browser-guard.ts';
import { headers } from './headers.ts';

function check(values: Record<string, string>, settings: Partial<GuardSettings> = {}) {
  const listen = { host: '127.0.0.1', port: 8080 };
  return new BrowserGuard({ listen, allowedHosts: [], allowedOrigins: [], ...settings }).check(headers(values));
}

describe('the guard of the browser doors', () => {
  it('[ED1] lets in the listening address and local names, no other Host', () => {
    for (const host of ['127.0.0.1:8080', 'localhost:8080', 'LOCALHOST:9999', '[::1]:8080', 'demo.localhost']) {
      expect(check({ host }), host).toBe('ok');
    }
    for (const host of ['', 'evil.example', 'evil.example:8080', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1:8080']) {
      expect(check({ host }), host).toBe('host');
    }
    expect(check({})).toBe('host');
    const listen = { host: 'shell.lan', port: 8080 };
    expect(check({ host: 'shell.lan:8080' }, { listen })).toBe('ok');
    expect(check({ host: 'shell.lan:81' }, { listen })).toBe('host');
  });

  it('[ED1] on all addresses any address literal is a Host, because no name can be pointed at it', () => {
    const listen = { host: '0.0.0.0', port: 8080 };
    expect(check({ host: '192.168.1.9:8080' }, { listen })).toBe('ok');
    expect(check({ host: '[fd00::1]:8080' }, { listen })).toBe('ok');
    expect(check({ host: 'evil.example:8080' }, { listen })).toBe('host');
  });

  it('[ED1] lets in the hosts of the list, with or without a port', () => {
    const allowedHosts = ['shell.example', 'other.example:444'];
    expect(check({ host: 'shell.example:1234' }, { allowedHosts })).toBe('ok');
    expect(check({ host: 'other.example:444' }, { allowedHosts })).toBe('ok');
    expect(check({ host: 'other.example:445' }, { allowedHosts })).toBe('host');
    expect(check({ host: 'any.example' }, { allowedHosts: undefined })).toBe('ok');
  });

  it('[ED2] takes pages of the same host, whatever ends the TLS, and no other', () => {
    const host = 'shell.example:8443';
    const allowedHosts = undefined;
    for (const origin of ['https://shell.example:8443', 'http://shell.example:8443']) {
      expect(check({ host, origin }, { allowedHosts }), origin).toBe('ok');
    }
    for (const origin of ['null', '', 'https://shell.example', 'https://shell.example:8443.evil', 'https://evil.example:8443', 'file://']) {
      expect(check({ host, origin }, { allowedHosts }), origin).toBe('origin');
    }
    expect(check({ host: 'shell.example:443', origin: 'https://shell.example' }, { allowedHosts })).toBe('ok');
    expect(check({ host: 'shell.example', origin: 'https://shell.example' }, { allowedHosts })).toBe('ok');
  });

  it('[ED2] takes the origins of the list, and requests of no page', () => {
    const settings = { allowedHosts: undefined, allowedOrigins: ['https://ui.example'] };
    expect(check({ host: 'shell.example', origin: 'https://ui.example' }, settings)).toBe('ok');
    expect(check({ host: 'shell.example', origin: 'http://ui.example' }, settings)).toBe('origin');
    expect(check({ host: 'shell.example' }, settings)).toBe('ok');
  });
});
