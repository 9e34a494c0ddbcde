import { readFile } from 'node:fs/promises';
import { ConfigurationError, createLogger, createMetrics } from '@tidings/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNatsBroker, type NatsBrokerOptions, setUpStream } from '../../src/nats/index.ts';
import { type NatsServer, startNatsServer } from '../../src/testing/index.ts';

const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'] as const;

async function start(config = '', env = {}): Promise<NatsServer> {
  const server = await startNatsServer({ config, env });
  onTestFinished(() => server.remove());
  return server;
}

const optionsOf = (server: NatsServer, change: Partial<NatsBrokerOptions>): NatsBrokerOptions => ({
  servers: [server.url],
  role: 'operator',
  maxBytes: 64_000_000,
  maxAgeMs: 3_600_000,
  log: createLogger('test', 'silent', { write() {} }),
  metrics: createMetrics(),
  ...change,
});

describe('the set-up of the stream', () => {
  test('names the copies among the differences, where other than the wanted ones are kept', async () => {
    const server = await start();
    await setUpStream(optionsOf(server, {}));
    const again = await setUpStream(optionsOf(server, { replicas: 3 }));
    expect(again.differences.join()).toContain('num_replicas');
  });

  test('is a fault of the configuration with credentials of another role, and so is the start of a service', async () => {
    const config = await readFile(new URL('../../../../deploy/nats/roles.conf', import.meta.url), 'utf8');
    const env = Object.fromEntries(ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, `p${role}`]));
    const server = await start(config, env);
    const faultOf = (acting: Promise<unknown>): Promise<unknown> => acting.then(String, (error: unknown) => error);
    const wrong = { user: 'edge', password: 'pedge' };
    expect(await faultOf(setUpStream(optionsOf(server, wrong)))).toBeInstanceOf(ConfigurationError);
    const ingest = createNatsBroker(optionsOf(server, { ...wrong, role: 'ingest' }));
    onTestFinished(() => ingest.close());
    expect(await faultOf(ingest.open())).toBeInstanceOf(ConfigurationError);
  });
});
