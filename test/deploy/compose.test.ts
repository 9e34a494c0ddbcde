import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHooksFile } from '@tidings/auth/hook';
import { loadSettings } from '@tidings/runtime';
import { parseWebhooksFile } from '@tidings/webhooks';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';
import { type ComposeService, makeEnv, parseCompose, readComposeText } from './compose.ts';
import { readImage } from './dockerfile.ts';

const env = makeEnv();
const compose = parseCompose(readComposeText(), env);
const services = Object.entries(compose.services);
const ofTidings = services.filter(([, { image }]) => image.startsWith('tidings:'));
/** The first word of what a container of ours runs. */
const wordOf = ({ entrypoint, command }: ComposeService): string => entrypoint?.[2] ?? command?.[0] ?? 'hub';

describe('compose.yaml', () => {
  test('is what the Compose Specification allows', async () => {
    const schema = JSON.parse(readFileSync(await findProgram('compose-schema'), 'utf8')) as object;
    const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('asks for the variables that deploy/make-env.mjs makes, and for no others', () => {
    const asked = [...readComposeText().matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect([...new Set(asked)].sort()).toEqual(Object.keys(env).sort());
  });

  test.each(ofTidings)('gives %s settings that it takes, and a word that the image knows', (_, service) => {
    const word = wordOf(service);
    expect(['edge', 'ingest', 'hub', 'webhooks', 'tidings']).toContain(word);
    const all = { ...readImage().env, ...service.environment };
    if (word === 'tidings') expect(Object.keys(all).length).toBeGreaterThan(0);
    else expect(loadSettings(all, { shared: word !== 'hub' }).production).toBe(true);
    const [, command, script] = service.healthcheck?.test ?? ['CMD', 'node', '/app/start.mjs'];
    expect([command, script]).toEqual(readImage().entrypoint);
  });

  test.each(ofTidings.filter(([, service]) => ['edge', 'ingest', 'webhooks'].includes(wordOf(service))))(
    'leaves %s more time to end than its drain takes',
    (_, { environment, stop_grace_period: grace }) => {
      const { drainMs } = loadSettings({ ...readImage().env, ...environment }, { shared: true });
      expect(Number.parseInt(grace ?? '10s', 10) * 1_000).toBeGreaterThan(drainMs + 10_000);
    },
  );

  test.each(services)('lets %s write nowhere but in its volumes, and do nothing that it need not', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.image).toMatch(/^(tidings:local|[\w./-]+:v?\d+\.\d+\.\d+)$/);
    // What is published is for this machine.
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(services)('mounts into %s what is there', (_, { volumes = [], depends_on: needs = {} }) => {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      const isThere = source.startsWith('.') ? existsSync(join(ROOT, 'deploy', source)) : source in compose.volumes;
      expect(isThere, volume).toBe(true);
    }
    const needed = Array.isArray(needs) ? needs : Object.keys(needs);
    expect(needed.filter((name) => !(name in compose.services))).toEqual([]);
  });

  test('knows each role of the broker by its own password, and the operator in the set-up alone', () => {
    const roles = ofTidings.flatMap(([name, { environment = {} }]) =>
      environment.TIDINGS_NATS_USER === undefined
        ? []
        : [[name, environment.TIDINGS_NATS_USER, environment.TIDINGS_NATS_PASSWORD]],
    );
    expect(roles).toEqual([
      ['setup', 'operator', env.NATS_OPERATOR_PASSWORD],
      ['edge-1', 'edge', env.NATS_EDGE_PASSWORD],
      ['edge-2', 'edge', env.NATS_EDGE_PASSWORD],
      ['ingest', 'ingest', env.NATS_INGEST_PASSWORD],
      ['webhooks', 'webhooks', env.NATS_WEBHOOKS_PASSWORD],
    ]);
  });

  test('tells of streams to a hook that takes it, and knows the secret of both', () => {
    const read = (name: string): string => readFileSync(join(ROOT, 'deploy', name), 'utf8');
    const [endpoint, ...others] = parseWebhooksFile(read('webhooks.json')).endpoints;
    const [hook, ...more] = parseHooksFile(read('hooks.json'));
    expect([others, more]).toEqual([[], []]);
    expect(endpoint?.url).toBe(`http://ingest:8080/v1/hooks/${hook?.name}`);
    expect(endpoint?.secrets).toEqual(hook?.secret);
    for (const name of ['webhooks', 'ingest']) {
      expect(compose.services[name]?.environment?.WEBHOOK_SECRET).toBe(env.WEBHOOK_SECRET);
    }
    expect(env.WEBHOOK_SECRET).toMatch(/^whsec_[A-Za-z0-9+/]{44}$/);
  });

  test('gives the servers of the broker every variable of their configuration', () => {
    const text = ['server.conf', 'roles.conf']
      .map((name) => readFileSync(join(ROOT, 'deploy/nats', name), 'utf8'))
      .join('');
    const wanted = new Set([...text.replace(/#.*$/gm, '').matchAll(/\$(NATS_\w+)/g)].map(([, name]) => name));
    const servers = services.filter(([, { image }]) => image.startsWith('nats:'));
    expect(servers).toHaveLength(3);
    for (const [name, { environment = {} }] of servers) {
      expect(Object.keys(environment).sort()).toEqual([...wanted].sort());
      expect(environment.NATS_SERVER_NAME).toBe(name);
    }
  });
});
