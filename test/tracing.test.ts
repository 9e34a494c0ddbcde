import { mintToken } from '@tidings/auth';
import { askJetStream, type NatsServer, startNatsServer } from '@tidings/broker/testing';
import {
  createLogger,
  type HostedService,
  type Logger,
  loadSettings,
  type Settings,
  systemClock,
} from '@tidings/runtime';
import { findFreePort, openStream, readLogLine, request, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startEdge } from '../services/edge/src/edge-service.ts';
import { startHub } from '../services/hub/src/hub.ts';
import { startIngest } from '../services/ingest/src/ingest.ts';
import { type ReceivedSpan, startTraceCollector, type TraceCollector } from './trace-collector.ts';

const SECRET = 'a secret of this test that is 32 bytes or longer';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SAMPLED = { traceparent: `00-${TRACE_ID}-${CALLER}-01`, tracestate: 'shop=a' };

let nats: NatsServer;
let collector: TraceCollector;
beforeAll(async () => {
  nats = await startNatsServer();
});
afterAll(() => nats?.remove());
beforeEach(async () => {
  collector = await startTraceCollector();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await collector.close();
  });
});

const token = await mintToken(SECRET, { sub: 'alice', tidings: { subscribe: ['>'], publish: ['>'] } }, 60, systemClock);
const bearer = { authorization: `Bearer ${token}` };

/** A service in this process, which is stopped when the test has ended, or before. */
interface Run extends HostedService {
  readonly lines: Record<string, unknown>[];
}

async function run(
  start: (settings: Settings, log: Logger) => Promise<HostedService>,
  env: NodeJS.ProcessEnv,
): Promise<Run> {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const ports = { PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, TIDINGS_DRAIN_MS: '0' };
  const hosted = await start(loadSettings({ ...ports, ...env }), log);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= hosted.stop();
    return stopped;
  };
  onTestFinished(stop);
  return { ...hosted, stop, lines };
}

const onNats = (traces: 'on' | 'off'): NodeJS.ProcessEnv => ({
  TIDINGS_NATS_URL: nats.url,
  TIDINGS_TRACES: traces,
  TIDINGS_TRACES_RATIO: '0',
});

async function subscribe({ url }: HostedService, topic: string): Promise<StreamClient> {
  const client = await openStream(`${url}/v1/stream?topic=${topic}`, { headers: bearer });
  onTestFinished(() => client.destroy());
  await client.event('hub.live');
  return client;
}

async function publish({ url }: HostedService, event: object, headers: object = {}): Promise<string | undefined> {
  const answer = await request(`${url}/v1/events`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(event),
  });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id?: string }).id;
}

/** What follows `hub.live` on the wire, which is the same for every stream. */
const liveText = ({ text }: StreamClient): string => text.slice(text.indexOf('event: hub.live'));

const count = async ({ adminUrl }: HostedService, series: string): Promise<number> => {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.split(' ')
      .at(-1) ?? 0,
  );
};

async function storedHeaders(seq: number): Promise<string> {
  const { message } = (await askJetStream(nats.url, '$JS.API.STREAM.MSG.GET.EVT_0', { seq })) as {
    message: { hdrs?: string };
  };
  return Buffer.from(message.hdrs ?? '', 'base64').toString('latin1');
}

const of = (kind: ReceivedSpan['kind']): ReceivedSpan[] => collector.spans.filter((span) => span.kind === kind);

describe('the trace of an event', () => {
  test('goes from the publisher over ingest and servers to one span on each edge, and no client ever sees it', async () => {
    const [ingest, unaware, ...edges] = await Promise.all([
      run(startIngest, onNats('on')),
      run(startEdge, onNats('off')),
      run(startEdge, onNats('on')),
      run(startEdge, onNats('on')),
    ]);
    const clients = await Promise.all(
      [...edges, unaware].flatMap((edge) => [1, 2].map(() => subscribe(edge, 'a.%3E'))),
    );
    const id = await publish(ingest, { topic: 'a.b', event: 'e', data: { x: 1 } }, SAMPLED);
    await publish(ingest, { topic: 'a.c', data: 'live', store: false }, SAMPLED);
    // Neither of these is recorded: a publisher says so of its own trace, and the ratio of one that begins here.
    await publish(ingest, { topic: 'a.b', data: 'unsampled' }, { traceparent: SAMPLED.traceparent.replace(/1$/, '0') });
    // Nor is what a stranger asks to have recorded.
    const stranger = await request(`${ingest.url}/v1/events`, { method: 'POST', headers: SAMPLED, body: '{}' });
    expect(stranger.status).toBe(401);
    await publish(ingest, { topic: 'a.b', data: 'last' });
    for (const client of clients) await client.until(({ text }) => text.includes('data: last'));
    await Promise.all([ingest, ...edges, unaware].map(({ stop }) => stop()));

    const [server, liveServer] = of('server');
    const [producer, liveProducer] = of('producer');
    expect(collector.spans.map(({ traceId }) => traceId)).toEqual(Array(8).fill(TRACE_ID));
    expect(server).toMatchObject({
      service: 'tidings-ingest',
      name: 'POST /v1/events',
      parentSpanId: CALLER,
      attributes: { 'http.response.status_code': 202, 'http.route': '/v1/events', 'tidings.tenant': 'default' },
    });
    expect(producer).toMatchObject({ parentSpanId: server?.spanId, attributes: { 'messaging.message.id': id } });
    expect(liveProducer?.parentSpanId).toBe(liveServer?.spanId);
    const delivered = of('consumer');
    expect(delivered).toHaveLength(4);
    for (const [parent, message] of [
      [producer, id],
      [liveProducer, undefined],
    ] as const) {
      const own = delivered.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
      expect(own).toHaveLength(2);
      for (const { attributes, service, startMs, endMs } of own) {
        expect(service).toBe('tidings-edge');
        expect(attributes).toMatchObject({ 'messaging.system': 'tidings', 'tidings.fanout': 2 });
        expect(attributes['messaging.message.id']).toBe(message);
        expect(endMs).toBeGreaterThan(startMs);
      }
    }
    expect(collector.spans.every(({ state }) => state === 'shop=a')).toBe(true);
    // No topic, user or payload is in a span.
    expect(JSON.stringify(collector.spans)).not.toMatch(/alice|a\.[bc]|unsampled/);

    // An edge that traces nothing, as one of an older version, delivers the same to the last byte.
    expect(new Set(clients.map(liveText)).size).toBe(1);
    expect(liveText(clients[0] as StreamClient)).not.toMatch(/trace/);
    expect(await storedHeaders(1)).toContain(
      `\r\ntraceparent: 00-${TRACE_ID}-${producer?.spanId}-01\r\ntracestate: shop=a\r\n`,
    );
    expect((await storedHeaders(2)) + (await storedHeaders(3))).not.toContain('trace');

    // From the event one finds the line of its publisher, and its trace on the edges.
    const lines = ingest.lines.filter(({ msg }) => msg === 'request');
    expect(lines[0]).toMatchObject({ event: id, traceId: TRACE_ID, spanId: server?.spanId });
    expect(lines[2]).toMatchObject({ traceId: TRACE_ID });
    // The stranger's has a trace id and no span.
    expect(lines[3]).toMatchObject({ status: 401, traceId: TRACE_ID });
    expect(lines[3]).not.toHaveProperty('spanId');
    expect(lines[4]?.traceId).not.toBe(TRACE_ID);
    expect(ingest.lines.find(({ msg }) => msg === 'audit')).toMatchObject({ traceId: TRACE_ID });
    expect(edges[0]?.lines.find(({ event }) => event === id)).toMatchObject({ msg: 'delivered', traceId: TRACE_ID });
  });

  test('is lost where the collector is: nothing is late, nothing is refused, and what is lost is counted and told once', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${await findFreePort()}`);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20collector-key');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '50');
    const [ingest, edge] = await Promise.all([
      run(startIngest, { ...onNats('on'), TIDINGS_TRACES_RATIO: '1' }),
      run(startEdge, onNats('on')),
    ]);
    const client = await subscribe(edge, 'lost.*');
    const events = Array.from({ length: 300 }, (_, place) => ({ topic: `lost.${place}`, data: 'x' }));
    await publish(ingest, events);
    await client.until(() => client.published().length === events.length);
    await expect
      .poll(() => count(edge, 'tidings_spans_dropped_total{reason="export-failed"}'), { timeout: 5_000 })
      .toBe(events.length);
    await Promise.all([edge.stop(), ingest.stop()]);
    for (const { lines } of [ingest, edge]) {
      expect(lines.filter(({ msg }) => `${msg}`.startsWith('spans are dropped'))).toHaveLength(1);
      expect(lines.filter(({ level }) => (level as number) > 40)).toEqual([]);
      expect(JSON.stringify(lines)).not.toContain('collector-key');
    }
  });

  test('is neither made nor kept where tracing is off', async () => {
    const hub = await run(startHub, onNats('off'));
    const client = await subscribe(hub, 'off');
    const id = await publish(hub, { topic: 'off', data: 'x' }, SAMPLED);
    await client.until(() => client.published().length === 1);
    await hub.stop();
    expect(collector.requests).toEqual([]);
    expect(await storedHeaders(Number.parseInt(`${id}`.split('.')[1] as string, 36))).not.toContain('trace');
    expect(hub.lines.find(({ event }) => event === id)).toMatchObject({ msg: 'request', traceId: TRACE_ID });
  });

  test.each([
    ['embedded', () => ({ TIDINGS_TRACES: 'on' })],
    ['on a server', () => onNats('on')],
  ])(
    'begins where a publisher brings none, with the names of the environment, and stays in one process, %s',
    async (_broker, env) => {
      vi.stubEnv('OTEL_SERVICE_NAME', 'news');
      vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-key=1');
      const hub = await run(startHub, { ...env(), TIDINGS_TRACES_RATIO: '1' });
      const client = await subscribe(hub, 'one');
      await publish(hub, [
        { topic: 'two', data: 'y' },
        { topic: 'one', data: 'x' },
      ]);
      await client.until(() => client.published().length === 1);
      await hub.stop();
      const [server] = of('server');
      const [producer] = of('producer');
      expect(server).toMatchObject({ service: 'news', parentSpanId: '' });
      expect(producer?.parentSpanId).toBe(server?.spanId);
      expect(producer?.attributes['messaging.batch.message_count']).toBe(2);
      const delivered = of('consumer').map(({ parentSpanId, attributes }) => [
        parentSpanId,
        attributes['tidings.fanout'],
      ]);
      expect(delivered).toEqual([
        [producer?.spanId, 0],
        [producer?.spanId, 1],
      ]);
      expect(collector.requests[0]).toMatchObject({ path: 'POST /v1/traces', headers: { 'x-key': '1' } });
      const line = hub.lines.find(({ firstEvent }) => firstEvent !== undefined);
      expect(line).toMatchObject({ events: 2, traceId: server?.traceId, spanId: server?.spanId });
    },
  );
});
