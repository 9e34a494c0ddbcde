import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigurationError, loadSettings } from '@tidings/runtime';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toNatsOptions } from '../src/nats/from-settings.ts';

const URL = { TIDINGS_NATS_URL: 'nats://a.example:4222,tls://b.example' };

describe('the NATS broker of the settings', () => {
  it('section 9: every variable has its effect', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-settings-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = (name: string): string => {
      writeFileSync(join(folder, name), name);
      return join(folder, name);
    };
    const [ca, cert, key, creds] = [file('ca.pem'), file('cert.pem'), file('key.pem'), file('user.creds')];
    const limits = {
      TIDINGS_HISTORY_MAX_BYTES: '5000000',
      TIDINGS_HISTORY_MAX_AGE: '3600',
      TIDINGS_NATS_REPLICAS: '3',
      TIDINGS_FEED: 'interest',
    };
    const tls = { TIDINGS_NATS_TLS_CA: ca, TIDINGS_NATS_TLS_CERT: cert, TIDINGS_NATS_TLS_KEY: key };
    const all = {
      servers: ['nats://a.example:4222', 'tls://b.example'],
      role: 'edge',
      tlsCaFile: ca,
      tlsCertFile: cert,
      tlsKeyFile: key,
      maxBytes: 5_000_000,
      maxAgeMs: 3_600_000,
      replicas: 3,
      traces: false,
      feed: 'interest',
    };
    const byUser = { TIDINGS_NATS_USER: 'u', TIDINGS_NATS_PASSWORD: 'p' };
    expect(toNatsOptions(loadSettings({ ...URL, ...limits, ...tls, ...byUser }), 'edge')).toEqual({
      ...all,
      user: 'u',
      password: 'p',
    });
    const byFile = { TIDINGS_NATS_CREDS: creds };
    expect(toNatsOptions(loadSettings({ ...URL, ...limits, ...tls, ...byFile }), 'edge')).toEqual({
      ...all,
      credsFile: creds,
    });
  });

  it('section 9: each file that can not be read is a line of its own, which names its variable', () => {
    const paths = { TIDINGS_NATS_CREDS: '/nowhere/creds', TIDINGS_NATS_TLS_CA: '/nowhere/ca' };
    try {
      toNatsOptions(loadSettings({ ...URL, ...paths }), 'hub');
      expect.unreachable();
    } catch (error) {
      const { problems } = error as ConfigurationError;
      expect(problems).toEqual([
        expect.stringMatching(/^TIDINGS_NATS_CREDS: ENOENT.*\/nowhere\/creds/),
        expect.stringMatching(/^TIDINGS_NATS_TLS_CA: ENOENT.*\/nowhere\/ca/),
      ]);
    }
  });

  it('settings without a server are a programmer’s mistake', () => {
    expect(() => toNatsOptions(loadSettings({}), 'edge')).toThrow(TypeError);
  });
});
