import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly startMs: number;
  readonly endMs: number;
}

/** A collector of traces that speaks OTLP/HTTP in JSON on a real socket, and keeps what it gets. */
export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly path: string; readonly headers: Readonly<Record<string, unknown>> }[];
  close(): Promise<void>;
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: number };
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** @param status what every request is answered with. */
export async function startTraceCollector(status = 200): Promise<TraceCollector> {
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; headers: Record<string, unknown> }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    requests.push({ path: `${incoming.method} ${incoming.url}`, headers: incoming.headers });
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    if (status === 200) spans.push(...decode(JSON.parse(Buffer.concat(pieces).toString())));
    outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function decode({ resourceSpans }: OtlpTraces): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = `${toRecord(resource.attributes)['service.name']}`;
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => toSpan(span, service)));
  });
}

const toSpan = (span: OtlpSpan, service: string): ReceivedSpan => ({
  service,
  name: span.name,
  kind: KINDS[span.kind] ?? 'internal',
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId ?? '',
  state: span.traceState ?? '',
  attributes: toRecord(span.attributes ?? []),
  failed: span.status?.code === 2,
  startMs: Number(BigInt(span.startTimeUnixNano)) / 1e6,
  endMs: Number(BigInt(span.endTimeUnixNano)) / 1e6,
});

const toRecord = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
