import type { DecodedEvent } from '@tidings/protocol';
import type { StreamClient } from '@tidings/runtime/testing';
import { expect, vi } from 'vitest';
import { EDGES, type EdgeName, type ProxiedSite } from './proxied-site.ts';
import { connectProxy, type ProxyConnection, type WholeAnswer } from './proxy-connection.ts';

/** What a visitor needs to know of the site behind the proxy. */
export type StreamSite = Pick<ProxiedSite, 'token' | 'edgeOf'>;

/** What the tests of a proxy ask through it; all on connections that `close` cuts. */
export interface Visitor {
  connect(from?: string): Promise<ProxyConnection>;
  /** On a connection that is kept, as user `alice` with every right. */
  ask(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<WholeAnswer>;
  /** Resolves with the cursor, once the event is stored. */
  publish(topic: string, data: string): Promise<string>;
  /** Opens a stream that declares a client, and waits until it is live. */
  open(query: string, headers?: Record<string, string>, on?: ProxyConnection): Promise<OpenStream>;
  /** Asks as a browser's EventSource does; resolves with the head of the answer. */
  openNative(query: string): Promise<StreamClient>;
  /** A stream on each edge: opens some until it has both, and leaves the others. */
  openOnEach(query: string): Promise<Record<EdgeName, OpenStream>>;
  close(): void;
}

/** A live stream, and the edge that has it. */
interface OpenStream {
  readonly client: StreamClient;
  readonly edge: EdgeName;
}

/** Begins to ask through a proxy. */
export async function createVisitor(url: string, site: StreamSite): Promise<Visitor> {
  const connections: ProxyConnection[] = [];
  const authorization = `Bearer ${await site.token('alice', true)}`;
  const connect = async (from?: string): Promise<ProxyConnection> => {
    const connection = await connectProxy(url, from);
    connections.push(connection);
    return connection;
  };
  const kept = await connect();
  const visitor: Visitor = {
    connect,
    ask: (method, path, body, headers) =>
      kept.ask(path, {
        method,
        headers: { authorization, 'content-type': 'text/plain', ...headers },
        ...(body !== undefined && { body }),
      }),
    async publish(topic, data) {
      const answer = await visitor.ask('POST', `/v1/topics/${topic}/events`, data);
      expect(answer, answer.text).toMatchObject({ status: 202 });
      return JSON.parse(answer.text).id;
    },
    async open(query, headers, on = kept) {
      const client = await on.stream(`client=test/1&${query}`, {
        authorization,
        accept: 'text/event-stream',
        ...headers,
      });
      expect(client.status, 'a stream opens').toBe(200);
      await client.event('hub.live');
      return { client, edge: site.edgeOf(`${client.headers['tidings-session']}`) };
    },
    openNative: (query) => kept.stream(query, { authorization, accept: 'text/event-stream' }),
    async openOnEach(query) {
      const found = new Map<EdgeName, OpenStream>();
      await vi.waitFor(
        async () => {
          const opened = await visitor.open(query);
          if (found.has(opened.edge)) opened.client.destroy();
          else found.set(opened.edge, opened);
          expect(found.size).toBe(EDGES.length);
        },
        { timeout: 10_000, interval: 20 },
      );
      return Object.fromEntries(found) as Record<EdgeName, OpenStream>;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
  return visitor;
}

/** What a client has got over all its streams; it comes back with its cursor whenever one ends, as its `retry` says. */
export interface Follower {
  /** Of published events, in the order in which they came. */
  readonly got: readonly string[];
  /** Edges that it was on, one after the other. */
  readonly edges: readonly EdgeName[];
  /** Reasons of the goodbyes it was told. */
  readonly byes: readonly string[];
  /** Heads of answers that opened no stream. */
  readonly refusals: readonly number[];
  stop(): void;
}

/** Follows a topic by bare HTTP/2 until it is stopped. */
export function follow(visitor: Visitor, site: StreamSite, topic: string): Follower {
  const follower = { got: [] as string[], edges: [] as EdgeName[], byes: [] as string[], refusals: [] as number[] };
  let cursor = '';
  let stopped = false;
  let current: StreamClient | undefined;
  void (async () => {
    const connection = await visitor.connect();
    const authorization = `Bearer ${await site.token()}`;
    while (!stopped) {
      let retryMs = 50;
      try {
        const resume = cursor === '' ? {} : { 'last-event-id': cursor };
        current = await connection.stream(`client=test/1&topic=${topic}`, { authorization, ...resume });
        if (current.status === 200) follower.edges.push(site.edgeOf(`${current.headers['tidings-session']}`));
        else follower.refusals.push(current.status);
        let seen = 0;
        await current.until((client) => {
          for (const event of client.events.slice(seen)) take(event);
          seen = client.events.length;
          cursor = client.lastEventId || cursor;
          retryMs = client.retries.at(-1) ?? retryMs;
          return client.ended || stopped;
        }, 120_000);
      } catch {
        follower.refusals.push(0);
      }
      // A jitter of seconds is for many clients.
      await new Promise((resolve) => setTimeout(resolve, Math.min(retryMs, 1_000)));
    }
  })();
  function take({ event, data }: DecodedEvent): void {
    if (event === 'hub.bye') follower.byes.push(JSON.parse(data).reason);
    if (!event.startsWith('hub.')) follower.got.push(data);
    else expect(event, 'nothing may be lost').not.toBe('hub.gap');
  }
  return {
    ...follower,
    stop() {
      stopped = true;
      current?.destroy();
    },
  };
}
