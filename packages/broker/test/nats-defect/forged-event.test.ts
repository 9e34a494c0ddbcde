import { readFile } from 'node:fs/promises';
import { createLogger, createMetrics } from '@tidings/runtime';
import { connect } from 'nats';
import { expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf, textOf } from '../../src/contract/fixture.ts';
import { createNatsBroker, type NatsRole, setUpStream } from '../../src/nats/index.ts';
import { startNatsServer } from '../../src/testing/index.ts';

const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'] as const;
const passwordOf = (role: string): string => `p${role}123`;

test('an edge cannot have an answer delivered to other edges as a live event of any tenant', {
  timeout: 40_000,
}, async () => {
  const config = await readFile(new URL('../../../../deploy/nats/roles.conf', import.meta.url), 'utf8');
  const env = Object.fromEntries(ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, passwordOf(role)]));
  const server = await startNatsServer({ config, env });
  onTestFinished(() => server.remove());
  const log = createLogger('test', 'silent', { write() {} });
  const optionsOf = (role: NatsRole) => ({
    servers: [server.url],
    role,
    user: role,
    password: passwordOf(role),
    maxBytes: 64_000_000,
    maxAgeMs: 3_600_000,
    log,
    metrics: createMetrics(),
  });
  await setUpStream(optionsOf('operator'));
  const ingest = createNatsBroker(optionsOf('ingest'));
  const edge = createNatsBroker(optionsOf('edge'));
  for (const broker of [ingest, edge]) {
    await broker.open();
    onTestFinished(() => broker.close());
  }
  const sink = createRecordingSink();
  await edge.openFeed(sink);
  const { seq } = await ingest.publish(eventOf('mine', 'chosen by a publisher'));
  await sink.received(1);

  const intruder = await connect({
    servers: server.url,
    user: 'edge',
    pass: passwordOf('edge'),
    inboxPrefix: '_INBOX_edge',
  });
  onTestFinished(() => intruder.close());
  const ask = (method: string, query: object): void =>
    intruder.publish(`$JS.API.${method}.EVT_0`, JSON.stringify(query), { reply: 'eph.0.acme.payments' });
  ask('DIRECT.GET', { seq });
  ask('STREAM.MSG.GET', { seq });
  await intruder.flush();
  // What is published afterwards comes after it.
  await ingest.publish(eventOf('mine', 'marker'));
  await sink.received(2);
  await expect.poll(() => sink.messages.map(textOf)).toContain('marker');
  await ingest.publish(eventOf('mine', 'second marker'));
  await expect.poll(() => sink.messages.map(textOf)).toContain('second marker');
  expect(sink.messages.filter(({ tenant }) => tenant === 'acme').map(textOf)).toEqual([]);
});
