import { describe, expect, it } from 'vitest';
import { FinalTracker } from '../src/final-tracker.ts';
import { createFlushQueue } from '../src/flush-queue.ts';
import { Item } from '../src/item.ts';
import { Outbox } from '../src/outbox.ts';
import { createRouter } from '../src/router.ts';
import { Session } from '../src/session.ts';
import { startEdge } from './fixture.ts';
import { payloads } from './received.ts';

const message = (seq: number, final: boolean) => ({
  seq,
  tenant: 'default',
  topic: 'a',
  event: '',
  data: Buffer.from('x'),
  json: false,
  final,
  exclude: '',
  timeMs: 0,
  expiresAtMs: Number.POSITIVE_INFINITY,
});

/** A session that catches up, whose bytes go into `written`. */
function createSession(written: string[], topics: readonly string[], finals?: FinalTracker) {
  const socket = {
    transport: 'h1' as const,
    chunked: false,
    write: (bytes: Buffer) => void written.push(bytes.toString()),
    writeAll: () => {},
    unsentBytes: 0,
    takenBytes: 0,
    drainMarkBytes: 0,
    onDrain: () => {},
    onClose: () => {},
    end: () => {},
    destroy: () => {},
  };
  const router = createRouter<Session>();
  const outbox = new Outbox(socket, createFlushQueue(), 1_000, { elapsedMs: 0 });
  const owner = { user: 'alice', tokens: [], sinceMs: 0 };
  const traits = { ...owner, id: 's', tenant: 'default', topics, format: 'data', lag: 'resume' } as const;
  const feed = { epoch: 'e', position: 3, ring: { last: 3 } } as ConstructorParameters<typeof Session>[3];
  const events = {
    gap: () => {},
    changed: () => {},
    lagging: () => {},
    closed: () => {},
    interrupt: async () => undefined,
  };
  const session = new Session({ ...traits, finals }, outbox, router, feed, events);
  return { session, router };
}

describe('a session', () => {
  it('section 6: that resumed ahead of its edge ends when the edge is fed the final event that it has already', () => {
    const written: string[] = [];
    const { session, router } = createSession(written, ['a'], new FinalTracker(['a']));
    session.cursorSeq = 5;
    session.goLive();
    expect(router.route(new Item(message(4, false), 'e'))).toBe(0);
    expect(session.closed).toBe(false);
    expect(router.route(new Item(message(5, true), 'e'))).toBe(0);
    expect(session.goodbye).toBe('final');
    expect(written.join('')).not.toContain('data: x');
  });

  it('section 4: is not sent what was read for it before a topic was removed', () => {
    const written: string[] = [];
    const { session } = createSession(written, ['a', 'b']);
    session.changeTopics(['b']);
    expect(session.write(new Item(message(4, false), 'e'))).toBe(false);
    expect(session.delivered).toBe(0);
    session.outbox.flush();
    expect(written.join('')).toContain('event: hub.topics\ndata: {"topics":["b"]}');
    expect(written.join('')).not.toContain('data: x');
  });

  it('section 4: a burst of one turn that is more than the lag limit reaches a client that reads, whole', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a&lag=latest');
    await client.event('hub.live');
    const texts = Array.from({ length: 500 }, (_, place) => `${place} ${'x'.repeat(400)}`);
    // Live-only events are lost to a session that lags: all in one turn, none may be.
    await Promise.all(texts.map((text) => edge.publish('a', text, { store: false })));
    await client.until(() => payloads(client).length >= 500);
    expect(payloads(client)).toEqual(texts);
  });
});
