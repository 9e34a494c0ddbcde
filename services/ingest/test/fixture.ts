import type { IncomingHttpHeaders } from 'node:http';
import { createAuthenticator, createKeySources, createVerifier, mintToken, parseTopicClasses } from '@tidings/auth';
import type { Broker, Cluster, FeedSink, PublishInput } from '@tidings/broker';
import { createMemoryBroker, createMemoryCluster } from '@tidings/broker/memory';
import { type AuditLevel, createControl } from '@tidings/control';
import type { Message } from '@tidings/protocol';
import {
  type Clock,
  createClientAddress,
  createLogger,
  createMetrics,
  createPublicServer,
  createServiceApp,
  type Metrics,
  type OwnCell,
  type PublicServer,
  systemClock,
} from '@tidings/runtime';
import { type Answered, type Asked, ask, CERTIFICATE, readLogLine, toOrigin } from '@tidings/runtime/testing';
import { onTestFinished } from 'vitest';
import { addIngest } from '../src/index.ts';
import type { PublishRates } from '../src/publish-limit.ts';

export const SECRET = 'a secret of this test that is 32 bytes or longer';

export interface IngestOptions {
  readonly clock?: Clock;
  /** Stands before the memory broker; what it does not change goes through. */
  readonly wrap?: (broker: Broker) => Partial<Broker>;
  /** The topic classes file. */
  readonly classes?: object;
  readonly maxEventBytes?: number;
  readonly maxBodyBytes?: number;
  readonly maxTtlSec?: number;
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly cluster?: Cluster;
  readonly cell?: OwnCell;
  readonly auditLevel?: AuditLevel;
  readonly logLevel?: string;
  readonly hooksFile?: string;
}

type Limits = PublishRates & { readonly quotaEvents: number; readonly rateAuthFailures: number };

const NO_LIMITS: Limits = {
  ratePublish: 0,
  ratePublishPerTenant: 0,
  ratePublishPerAddress: 0,
  ratePublishBytes: 0,
  ratePublishBytesPerTenant: 0,
  quotaEvents: 0,
  rateAuthFailures: 0,
};

/** What a request was answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // The shape is what each test is about.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

interface Sent extends Asked {
  /** `''` sends none; the default may publish everything. */
  readonly token?: string;
}

/** An ingest alone, on a free port, around a memory broker whose feed is written down. */
export interface TestIngest {
  readonly port: number;
  readonly server: PublicServer;
  readonly metrics: Metrics;
  /** What the broker fed, in its order. */
  readonly messages: Message[];
  readonly lines: Record<string, unknown>[];
  /** A token that may publish everything. */
  readonly all: string;
  token(publish: readonly string[], claims?: object, lifetimeSec?: number): Promise<string>;
  send(path: string, sent?: Sent): Promise<Answer>;
  /** Sends a JSON body to `/v1/events`. */
  publish(event: unknown, sent?: Sent): Promise<Answer>;
  /** Sends a text to the raw route of a topic; `query` without its question mark. */
  raw(topic: string, text: string | Uint8Array, query?: string, sent?: Sent): Promise<Answer>;
  /** The texts of the messages so far. */
  texts(): string[];
  /** The log lines of requests, once there are `count` of them. */
  requestLines(count: number): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** An ingest that is closed when the test has ended. */
export async function startIngest(options: IngestOptions = {}): Promise<TestIngest> {
  const ingest = await createIngest(options);
  onTestFinished(ingest.stop);
  return ingest;
}

/** An ingest that the caller stops. */
export async function createIngest(options: IngestOptions = {}): Promise<TestIngest> {
  const { clock = systemClock, maxTtlSec = 86_400 } = options;
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('ingest', options.logLevel ?? 'debug', {
    write: (line) => void lines.push(readLogLine(line)),
  });
  const metrics = createMetrics();
  const messages: Message[] = [];
  const memory = createMemoryBroker({ maxBytes: 2 ** 28, maxAgeMs: maxTtlSec * 1000, clock });
  await memory.open();
  await memory.openFeed(createSink(messages));
  const broker: Broker = { ...memory, ...options.wrap?.(memory) };
  const authenticator = createAuthenticator({
    verifier: createVerifier({ keys: createKeySources({ secrets: [SECRET] }, clock), clock }),
    allowedOrigins: new Set(['https://app.example']),
    cookieName: 'tidings',
    production: false,
    onRefusal: (reason) => metrics.authFailures.inc({ reason }),
  });
  const { audit } = createControl(createMemoryCluster({ clock }), log, clock, options.auditLevel);
  const app = createServiceApp({
    log,
    clientAddress: createClientAddress(options.trustedProxies ?? []),
    corsOrigin: authenticator.corsOrigin,
    onProblem: audit.noteProblem,
  });
  const added = addIngest(app, {
    broker,
    authenticator,
    audit,
    classes: parseTopicClasses(JSON.stringify(options.classes ?? {})),
    metrics,
    log,
    settings: {
      maxBodyBytes: options.maxBodyBytes ?? 8_388_608,
      maxEventBytes: options.maxEventBytes ?? 262_144,
      historyMaxAgeSec: maxTtlSec,
      hooksFile: options.hooksFile,
      ...NO_LIMITS,
      ...options.limits,
    },
    clock,
    ...(options.cluster && { cluster: options.cluster }),
    cell: options.cell,
  });
  const server = createPublicServer({
    fetch: (incoming, env) => app.fetch(incoming, env),
    log,
    certificate: CERTIFICATE,
  });
  const port = await server.listen('127.0.0.1', 0);
  const token = (publish: readonly string[], claims: object = {}, lifetimeSec = 3_600): Promise<string> =>
    mintToken(SECRET, { sub: 'alice', tidings: { publish }, ...claims }, lifetimeSec, clock);
  const all = await token(['>']);

  const send = async (path: string, { headers, token: bearer = all, ...sent }: Sent = {}): Promise<Answer> => {
    const authorization = bearer !== '' && { Authorization: `Bearer ${bearer}` };
    return read(
      await ask(toOrigin(port), path, { method: 'POST', ...sent, headers: { ...authorization, ...headers } }),
    );
  };
  let stopped: Promise<void> | undefined;

  return {
    port,
    server,
    metrics,
    messages,
    lines,
    all,
    token,
    send,
    publish: (event, sent = {}) =>
      send('/v1/events', {
        body: JSON.stringify(event),
        ...sent,
        headers: { 'Content-Type': 'application/json', ...sent.headers },
      }),
    raw: (topic, text, query = '', sent = {}) =>
      send(`/v1/topics/${encodeURIComponent(topic)}/events${query === '' ? '' : `?${query}`}`, {
        body: text,
        ...sent,
        headers: { 'Content-Type': 'text/plain', ...sent.headers },
      }),
    texts: () => messages.map(textOf),
    async requestLines(count) {
      const found = (): Record<string, unknown>[] => lines.filter(({ msg }) => msg === 'request');
      await until(() => found().length >= count);
      return found();
    },
    stop() {
      stopped ??= server
        .close(0)
        .then(() => added.close())
        .then(() => memory.close());
      return stopped;
    },
  };
}

export const textOf = (message: Message): string => Buffer.from(message.data).toString();

/** Resolves when the condition holds; rejects after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it did not come about: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A `publish` that is held until the test lets it go. */
export function createGate(): {
  readonly waiting: PublishInput[];
  wrap(broker: Broker): Partial<Broker>;
  release(): void;
} {
  const waiting: PublishInput[] = [];
  let open: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    waiting,
    wrap: (broker) => ({
      async publish(input) {
        waiting.push(input);
        await opened;
        return broker.publish(input);
      },
    }),
    release: () => open(),
  };
}

function createSink(messages: Message[]): FeedSink {
  return {
    start: () => {},
    message: (message) => void messages.push(message),
    restart: () => {},
    purged: () => {},
  };
}

async function read({ status, headers, body }: Answered): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  return { status, headers, text, body: /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : undefined };
}
