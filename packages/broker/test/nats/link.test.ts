import { createNatsBroker } from '@tidings/broker/nats';
import { startNatsServer } from '@tidings/broker/testing';
import { ConfigurationError, createLogger, createMetrics } from '@tidings/runtime';
import { watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRecordingSink, eventOf } from '../../src/contract/fixture.ts';
import { dial } from '../../src/nats/link.ts';
import type { NatsBrokerOptions } from '../../src/nats/options.ts';
import type { Broker } from '../../src/port.ts';
import { startFakeServer } from './fake-server.ts';
import { createGate } from './gate.ts';

function createCase(url: string, change: Partial<NatsBrokerOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const broker = createNatsBroker({
    servers: [url],
    role: 'hub',
    maxBytes: 64_000_000,
    maxAgeMs: 3_600_000,
    log: createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) }),
    metrics: createMetrics(),
    ...change,
  });
  onTestFinished(() => broker.close());
  const logged = (text: string): number => lines.filter(({ msg }) => `${msg}`.includes(text)).length;
  return { broker, lines, logged };
}

async function connectionsOf(monitorUrl: string): Promise<number> {
  const { connections } = (await (await fetch(`${monitorUrl}/connz`)).json()) as { connections: { name?: string }[] };
  return connections.filter(({ name }) => name?.startsWith('tidings')).length;
}

/** How long it took to reject, and with what. */
async function rejection(promise: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const begunMs = performance.now();
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, tookMs: performance.now() - begunMs };
}

const withUsers = `authorization { users: [
  { user: admin, password: secret }
  { user: blind, password: secret, permissions: { publish: "other", subscribe: "_INBOX_ingest.>" } }
  { user: reader, password: secret, permissions: {
      publish: ["$JS.API.STREAM.INFO.*", "evt.>"], subscribe: "_INBOX_ingest.>" } }
] }\n`;

describe('a connection to the broker', () => {
  it('is refused with the names of the settings where the credentials are wrong or missing', async () => {
    const server = await startNatsServer({ config: withUsers });
    onTestFinished(() => server.remove());
    for (const change of [{}, { user: 'admin', password: 'wrong' }, { user: 'nobody', password: 'secret' }]) {
      const { error } = await rejection(createCase(server.url, change).broker.open());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as ConfigurationError).problems.join()).toContain('TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD');
      expect((error as ConfigurationError).problems.join()).not.toContain('secret');
    }
    expect(await connectionsOf(server.monitorUrl)).toBe(0);
  });

  it('is refused with the missing right where the credentials may not even look at the stream', async () => {
    const server = await startNatsServer({ config: withUsers });
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url, { role: 'ingest', user: 'blind', password: 'secret' });
    const { error } = await rejection(broker.open());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems.join()).toContain('may not look at the stream');
  });

  it('is refused with the remedy where the stream is missing and may not be created', async () => {
    const server = await startNatsServer({ config: withUsers });
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url, { role: 'ingest', user: 'reader', password: 'secret' });
    const { error } = await rejection(broker.open());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).problems.join()).toContain('tidings nats setup');
  });

  it.each(['2.11.9', '2.9.0', '1.99.99'])(
    'is refused where the server is too old, and is closed then: %s',
    async (version) => {
      const server = await startFakeServer({ version });
      onTestFinished(() => server.remove());
      const { error } = await rejection(createCase(server.url).broker.open());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as ConfigurationError).problems.join()).toContain('2.12 or later is needed');
      await vi.waitFor(() => expect(server.connections).toBe(0), { timeout: 1_000 });
    },
  );

  it.each(['2.12.0', '2.12.0-RC.1', '3.0.0'])('is not refused where the server is new enough: %s', async (version) => {
    const server = await startFakeServer({ version });
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url, { role: 'edge' });
    const opening = rejection(broker.open());
    await vi.waitFor(() => expect(broker.health().detail.connections).toBe('1 of 1'), { timeout: 3_000 });
    await broker.close();
    void opening;
  });

  it('ends its waiting for an answer of JetStream when the broker is closed, soon', async () => {
    const server = await startFakeServer();
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url, { role: 'edge' });
    const opening = rejection(broker.open());
    await vi.waitFor(() => expect(broker.health().detail.connections).toBe('1 of 1'), { timeout: 3_000 });
    const begunMs = performance.now();
    await broker.close();
    expect((await opening).error).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - begunMs).toBeLessThan(1_000);
  });

  it('is waited for while no server answers, says so once, and is there when one comes', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    await server.stop();
    const { broker, logged } = createCase(server.url);
    const opened = broker.open();
    await vi.waitFor(() => expect(logged('waiting for the broker')).toBe(1), { timeout: 5_000 });
    expect(broker.health()).toMatchObject({ live: true, ready: false });
    await server.restart();
    await opened;
    expect(broker.health()).toMatchObject({ live: true, ready: true });
    expect((await broker.publish(eventOf('a', 'x'))).seq).toBe(1);
    expect(logged('waiting for the broker')).toBe(1);
  });

  it('ends its waiting when the broker is closed, soon, and leaves nothing open', async () => {
    const noLeaks = watchForLeaks();
    // A port that nobody has: the claim of one that is gone.
    const gone = await startFakeServer();
    await gone.remove();
    const { broker, logged } = createCase(gone.url);
    const opening = rejection(broker.open());
    await vi.waitFor(() => expect(logged('waiting for the broker')).toBe(1), { timeout: 3_000 });
    const begunMs = performance.now();
    await broker.close();
    const { error } = await opening;
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - begunMs).toBeLessThan(1_000);
    await noLeaks();
  });

  it('that comes about only after the close is closed again', async () => {
    const server = await startFakeServer({ silent: true });
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url);
    const opening = rejection(broker.open());
    await vi.waitFor(() => expect(server.connections).toBe(1), { timeout: 3_000 });
    await broker.close();
    server.greet();
    expect((await opening).error).toMatchObject({ code: 'unavailable' });
    await vi.waitFor(() => expect(server.connections).toBe(0), { timeout: 1_000 });
    expect(broker.health()).toMatchObject({ live: false, ready: false });
  });

  it('of the feed that comes about only after the close is closed again, and leaves no timer', async () => {
    const noLeaks = watchForLeaks();
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const { broker } = createCase(server.url);
    await broker.open();
    const opening = rejection(broker.openFeed(createRecordingSink()));
    await broker.close();
    expect((await opening).error).toMatchObject({ code: 'unavailable' });
    await vi.waitFor(async () => expect(await connectionsOf(server.monitorUrl)).toBe(0), { timeout: 2_000 });
    await server.remove();
    await noLeaks();
  });

  it('is one for what is asked and one for what is live, each with a name that says so', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const names = async (): Promise<string[]> => {
      const answer = (await (await fetch(`${server.monitorUrl}/connz`)).json()) as { connections: { name: string }[] };
      return answer.connections.map(({ name }) => name).sort();
    };
    const open = async (role: 'hub' | 'edge', feed: boolean): Promise<Broker> => {
      const { broker } = createCase(server.url, { role });
      await broker.open();
      if (feed) await broker.openFeed(createRecordingSink());
      return broker;
    };
    const hub = await open('hub', true);
    expect(await names()).toEqual(['tidings hub live', 'tidings hub publish', 'tidings hub replay']);
    await hub.close();
    const edge = await open('edge', true);
    await vi.waitFor(async () => expect(await names()).toEqual(['tidings edge live', 'tidings edge replay']), 2_000);
    await edge.close();
  });

  it('says what it may not do, and on which subject, and not each time that it tries', async () => {
    const server = await startNatsServer({ config: withUsers });
    onTestFinished(() => server.remove());
    const lines: Record<string, unknown>[] = [];
    const parts = {
      access: { servers: [server.url], role: 'ingest' as const, user: 'reader', password: 'secret' },
      log: createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) }),
      metrics: createMetrics(),
      taken: () => new Set<string>(),
      onChange() {},
    };
    const link = await dial('publish', parts, new AbortController().signal);
    onTestFinished(() => link.close());
    for (let count = 0; count < 50; count += 1) link.client.publish('idx.0', 'x');
    await link.client.flush();
    await vi.waitFor(() => expect(lines).not.toEqual([]));
    expect(lines.filter(({ msg }) => msg === 'broker reports an error')).toMatchObject([
      { code: 'PERMISSIONS_VIOLATION', operation: 'publish', subject: 'idx.0' },
    ]);
  });

  it('has what is subscribed to while it comes back', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const gate = await createGate(server.port);
    onTestFinished(() => gate.remove());
    const parts = {
      access: { servers: [gate.url], role: 'edge' as const },
      log: createLogger('test', 'silent', { write() {} }),
      metrics: createMetrics(),
      taken: () => new Set<string>(),
      onChange() {},
    };
    const link = await dial('live', parts, new AbortController().signal);
    onTestFinished(() => link.close());
    const came: string[] = [];
    const attached: string[] = [];
    const present = (name: string) => ({
      attach: () => () => void attached.push(name),
      detach() {},
    });
    let again = false;
    link.subscribeInBulk({
      // In the middle of a reconnect.
      attach() {
        if (again) {
          link.client.subscribe('late', { callback: (_error, { subject }) => void came.push(subject) });
          link.subscribeInBulk(present('late'));
        }
        again = true;
        return present('first').attach();
      },
      detach() {},
    });
    gate.shut();
    await vi.waitFor(() => expect(link.connected).toBe(false));
    gate.open();
    await vi.waitFor(() => expect(link.connected).toBe(true), 3_000);
    expect(attached).toEqual(['first', 'first', 'late']);
    link.client.publish('late');
    await vi.waitFor(() => expect(came).toEqual(['late']));
  });

  it('begins at another server for each purpose', async () => {
    const servers = await Promise.all([startFakeServer(), startFakeServer(), startFakeServer()]);
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.remove()))));
    const urls = servers.map(({ url }) => url);
    const parts = {
      access: { servers: urls, role: 'edge' as const },
      log: createLogger('test', 'debug', { write() {} }),
      metrics: createMetrics(),
      taken: () => new Set<string>(),
      onChange() {},
    };
    const links = await Promise.all(
      (['live', 'replay', 'publish'] as const).map((name) => dial(name, parts, new AbortController().signal)),
    );
    expect(servers.map(({ came }) => came)).toEqual([1, 1, 1]);
    await Promise.all(links.map((link) => link.close()));
  });
});

describe('a programming mistake', () => {
  it('is to name no server', () => {
    expect(() => createCase('', { servers: [] })).toThrow(TypeError);
  });
});
