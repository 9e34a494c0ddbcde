import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { type MeasuredProcess, startMeasured } from '../server/measured-process.ts';
import { parseMetrics } from '../server/metrics-page.ts';
import { type Canary, openCanary } from './canary.ts';
import type { Supplies } from './generator.ts';
import { HOOK_ENV, HOOK_SECRETS, HOOKS_FILE } from './hook-delivery.ts';
import { createLogWatch, type LogWatch } from './log-watch.ts';
import { type ApiDocument, readOperations } from './operation.ts';
import { createTokenMutator } from './token-mutation.ts';

/** What a process holds at one moment. */
export interface Holding {
  readonly rssMb: number;
  /** In use, right after a collection. */
  readonly heapMb: number;
  readonly handles: number;
  /** Open streams of HTTP/1, and of HTTP/2. */
  readonly http1Streams: number;
  readonly http2Streams: number;
}

/** Services as processes, as they would run in production, and the one who uses them well. */
export interface Target {
  readonly services: readonly MeasuredProcess[];
  port(service: 'edge' | 'ingest'): number;
  readonly supplies: Supplies;
  readonly canary: Canary;
  readonly log: LogWatch;
  /** Texts that no reply to anybody else may hold. */
  readonly secrets: readonly string[];
  /** Of all processes together. */
  holding(): Promise<Holding>;
  /** What the probes say is wrong. */
  readiness(): Promise<string | undefined>;
  stop(): Promise<void>;
}

const SECRET = 'fuzz-secret-4d1c7a90b8e25f63-of-more-than-32-bytes';
const CANARY_MARKER = 'canary-6fa0c3d1';
const FUZZ_MARKER = 'payload-91be27cc';
const LIFETIME_SEC = 7 * 86_400;

/** Histories are small, so that they are full before anything is judged. */
const ENV: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  TIDINGS_ADMIN_PORT: '0',
  TIDINGS_JWT_SECRET: SECRET,
  TIDINGS_ALLOWED_ORIGINS: 'https://app.example',
  TIDINGS_HISTORY_MAX_BYTES: '2000000',
  TIDINGS_RING_MAX_BYTES: '2000000',
};

/** Starts a hub, or with `nats` an edge and an ingest on a nats-server. Whoever starts it stops it. */
export async function startTarget(nats: boolean): Promise<Target> {
  const rights = { subscribe: ['fuzz.>'], publish: ['fuzz.>', 'user.>'], admin: true };
  const mint = (claims: object): Promise<string> => mintToken(SECRET, claims, LIFETIME_SEC, systemClock);
  const [token, queryToken, ...others] = await Promise.all([
    mint({ sub: 'fuzz', tenant: 'fuzz', tidings: rights }),
    mint({ sub: 'fuzz-by-url', tenant: 'fuzz', tidings: rights }),
    mint({ sub: 'fuzz-two', tenant: 'fuzz', tidings: { subscribe: ['fuzz.a'] } }),
    mint({ sub: 'fuzz-three', tenant: 'fuzz' }),
  ] as const);
  const canaryToken = await mint({ sub: 'canary', tidings: { subscribe: ['canary'], publish: ['canary'] } });
  const signatureOf = (each: string): string => each.slice(each.lastIndexOf('.') + 1);
  // Bytes of a body or a header that end up in a URL stand in the log as any URL does; a token that is whole never does.
  const log = createLogWatch(
    [SECRET, ...HOOK_SECRETS, CANARY_MARKER, signatureOf(canaryToken)],
    [FUZZ_MARKER, signatureOf(token)],
  );

  const stopping: (() => Promise<void>)[] = [];
  async function stop(): Promise<void> {
    for (const end of stopping.reverse().splice(0)) await end();
  }
  async function start(name: 'hub' | 'edge' | 'ingest', env: NodeJS.ProcessEnv): Promise<MeasuredProcess> {
    const script = `services/${name}/dist/main.js`;
    const options = { name, script, env: { ...ENV, ...env }, flags: ['--expose-gc'], onLine: log.take };
    const service = await startMeasured(options);
    stopping.push(() => service.stop());
    return service;
  }

  try {
    let server: NatsServer | undefined;
    if (nats) {
      server = await startNatsServer();
      stopping.push(server.remove);
    }
    const folder = mkdtempSync(join(tmpdir(), 'tidings-fuzz-'));
    stopping.push(async () => rmSync(folder, { recursive: true }));
    const hooksFile = join(folder, 'hooks.json');
    writeFileSync(hooksFile, HOOKS_FILE);
    const hooks = { ...HOOK_ENV, TIDINGS_HOOKS_FILE: hooksFile };
    const env = server === undefined ? {} : { TIDINGS_NATS_URL: server.url };
    // The ingest makes the stream, for which the edge waits.
    const ingest = await start(nats ? 'ingest' : 'hub', { ...env, ...hooks });
    const edge = nats ? await start('edge', env) : ingest;
    const services = nats ? [ingest, edge] : [ingest];
    const canary = await openCanary({
      edgeUrl: edge.url,
      ingestUrl: ingest.url,
      token: canaryToken,
      marker: CANARY_MARKER,
    });
    stopping.push(async () => canary.close());

    const nowSec = Math.floor(Date.now() / 1000);
    const claims = {
      sub: 'fuzz',
      tenant: 'fuzz',
      tidings: rights,
      iat: nowSec,
      exp: nowSec + LIFETIME_SEC,
      jti: 'fuzz',
    };
    const [document, { cursor }] = await Promise.all([
      describe(ingest.url).then(async (api) => (nats ? [api, await describe(edge.url)] : [api])),
      fetch(new URL('/v1/position', edge.url), { headers: { authorization: `Bearer ${token}` } }).then(
        (answer) => answer.json() as Promise<{ cursor: string }>,
      ),
    ]);
    const operations = document.flatMap((api, place) =>
      readOperations(api, place === 0 ? 'ingest' : 'edge', FUZZ_MARKER),
    );
    return {
      services,
      port: (service) => Number((service === 'edge' ? edge : ingest).url.port),
      supplies: {
        operations,
        token,
        queryToken,
        tokens: createTokenMutator(SECRET, [token, ...others], claims, nowSec),
        cursor,
      },
      canary,
      log,
      secrets: [SECRET, ...HOOK_SECRETS, CANARY_MARKER, signatureOf(canaryToken)],
      async holding() {
        const all = await Promise.all(services.map(holdingOf));
        const sum = (of: (holding: Holding) => number): number => all.reduce((total, each) => total + of(each), 0);
        return {
          rssMb: sum(({ rssMb }) => rssMb),
          heapMb: sum(({ heapMb }) => heapMb),
          handles: sum(({ handles }) => handles),
          http1Streams: sum(({ http1Streams }) => http1Streams),
          http2Streams: sum(({ http2Streams }) => http2Streams),
        };
      },
      async readiness() {
        for (const { name, adminUrl } of services)
          for (const path of ['/healthz', '/readyz']) {
            const { status } = await fetch(`${adminUrl}${path}`, { signal: AbortSignal.timeout(10_000) });
            if (status !== 200) return `${path} of the ${name} is ${status}`;
          }
        return undefined;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function describe(url: URL): Promise<ApiDocument> {
  return (await fetch(new URL('/openapi.json', url))).json() as Promise<ApiDocument>;
}

async function holdingOf(service: MeasuredProcess): Promise<Holding> {
  await service.collect();
  const text = await (await fetch(`${service.adminUrl}/metrics`)).text();
  const values = parseMetrics(text);
  const gaugeOf = (name: string): number => values.get(name) ?? 0;
  const streamsOf = (transport: string): number =>
    Number(new RegExp(`^tidings_connections_open\\{transport="${transport}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    rssMb: gaugeOf('process_resident_memory_bytes') / 1e6,
    heapMb: gaugeOf('nodejs_heap_size_used_bytes') / 1e6,
    handles: gaugeOf('nodejs_active_handles_total'),
    http1Streams: streamsOf('h1'),
    http2Streams: streamsOf('h2'),
  };
}
