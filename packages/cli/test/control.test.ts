import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHere } from './command-run.ts';
import { startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

/** Opens a stream, which is listed from then on. `all` is what it gets until somebody closes it. */
async function listen(topic: string): Promise<{ all: Promise<string> }> {
  const { TIDINGS_URL, TIDINGS_TOKEN } = hub.env;
  const headers = { authorization: `Bearer ${TIDINGS_TOKEN}` };
  const { body } = await fetch(`${TIDINGS_URL}/v1/stream?topic=${topic}&client=test/1`, { headers });
  return { all: new Response(body).text() };
}

async function sessionsOf(topic: string): Promise<{ id: string; user: string }[]> {
  const { out } = await runHere(['sessions', '--topic', topic, '--json'], { env: hub.env });
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe('sessions, presence and kick', () => {
  test('sessions are listed as a table, or one on each line', async () => {
    await listen('table.1');
    const [session] = await sessionsOf('table.1');
    expect(session).toMatchObject({ user: 'ops', topics: ['table.1'] });
    const { code, out } = await runHere(['sessions', '--user', 'ops'], { env: hub.env });
    expect(code).toBe(0);
    const [head, ...rows] = out.split('\n');
    expect(head).toMatch(/^ID +USER +EDGE +SINCE +DELIVERED +LAG +TOPICS$/);
    expect(rows.join('\n')).toContain(session?.id);
    expect((await runHere(['sessions', '--user', 'nobody', '--json'], { env: hub.env })).out).toBe('');
  });

  test('every page of sessions is asked for', async () => {
    const asked: string[] = [];
    const { fetch } = globalThis;
    const page = (id: string, next?: string) =>
      Response.json({ sessions: [{ id, topics: ['a'], edge: 'e', since: 's', delivered: 0, lag: 0 }], next });
    globalThis.fetch = async (url) => {
      asked.push(`${new URL(`${url}`).searchParams.get('after')}`);
      return asked.length === 1 ? page('1', '1') : page('2');
    };
    try {
      const { out } = await runHere(['sessions'], { env: hub.env });
      expect(asked).toEqual(['null', '1']);
      expect(out.trim().split('\n')).toHaveLength(3);
    } finally {
      globalThis.fetch = fetch;
    }
  });

  test('presence says how many streams there are, and whose', async () => {
    await listen('present.1');
    const { out } = await runHere(['presence', 'present.1'], { env: hub.env });
    expect(out).toBe('1 stream\nops\n');
    const { out: json } = await runHere(['presence', 'present.2', '--json'], { env: hub.env });
    expect(JSON.parse(json)).toEqual({ subscribers: 0, users: [] });
  });

  test('a stream that is kicked ends, and is then no longer there to be kicked', async () => {
    const { all } = await listen('kicked.1');
    const [session] = await sessionsOf('kicked.1');
    expect(await runHere(['kick', `${session?.id}`], { env: hub.env })).toMatchObject({
      code: 0,
      out: `closed ${session?.id}\n`,
    });
    expect(await all).toContain('"reason":"kicked"');
    const again = await runHere(['kick', `${session?.id}`], { env: hub.env });
    expect(again).toMatchObject({ code: 66, out: '' });
    expect(again.err).toMatch(/^tidings: not-found: [^\n]+\n$/);
  });
});

describe('erase', () => {
  const historyOf = async (topic: string): Promise<string> =>
    (await runHere(['publish', topic, 'end', '--final'], { env: hub.env })) &&
    (await runHere(['tail', topic, '--until-final'], { env: hub.env })).out;

  test('erases a topic, or all that is a user’s', async () => {
    await runHere(['publish', 'erased.1', 'personal'], { env: hub.env });
    await runHere(['publish', '--user', 'alice', 'personal'], { env: hub.env });
    const erased = await runHere(['erase', 'erased.1', '--yes'], { env: hub.env });
    expect(erased).toEqual({ code: 0, out: 'erased the history of erased.1\n', err: '' });
    expect((await runHere(['erase', '--user', 'alice', '--yes'], { env: hub.env })).code).toBe(0);
    for (const topic of ['erased.1', 'user.alice']) expect(await historyOf(topic)).not.toContain('personal');
  });

  test('asks on a terminal, and erases nothing without a yes', async () => {
    await runHere(['publish', 'asked.1', 'kept'], { env: hub.env });
    const answer = (stdin: string) =>
      runHere(['erase', 'asked.1'], { env: hub.env, stdin, terminal: ['stdin', 'stderr'] });
    expect(await answer('n\n')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('[y/N]') });
    expect(await answer('')).toMatchObject({ code: 1, out: '' });
    expect(await historyOf('asked.1')).toContain('kept');
    expect(await answer('y\n')).toMatchObject({ code: 0 });
    expect(await historyOf('asked.1')).not.toContain('kept');
  });

  test('without a terminal it wants a yes beforehand, and one thing to erase', async () => {
    for (const words of [['asked.1'], ['--yes'], ['asked.1', '--user', 'alice', '--yes']]) {
      expect(await runHere(['erase', ...words], { env: hub.env })).toMatchObject({ code: 64, out: '' });
    }
  });
});

describe('failures', () => {
  test('a token that is missing, refused or too weak exits 77, and says what would help', async () => {
    const { TIDINGS_URL } = hub.env;
    const weak = await hub.token({ subscribe: ['a'] });
    const missing = await runHere(['sessions'], { env: { TIDINGS_URL } });
    expect(missing).toMatchObject({ code: 77, err: expect.stringContaining('TIDINGS_TOKEN') });
    const refused = await runHere(['sessions'], { env: { TIDINGS_URL, TIDINGS_TOKEN: `${weak}x` } });
    expect(refused).toMatchObject({ code: 77, err: expect.stringContaining('token inspect') });
    const forbidden = await runHere(['erase', 'a', '--yes'], { env: { TIDINGS_URL, TIDINGS_TOKEN: weak } });
    expect(forbidden).toMatchObject({ code: 77, err: expect.stringContaining('forbidden') });
    for (const { err } of [missing, refused, forbidden]) {
      expect(err.trimEnd()).not.toContain('\n');
      expect(err).not.toContain(weak);
    }
  });

  test('a hub that is not there exits 69, and what is no hub too', async () => {
    const page = createServer((_request, response) => response.setHeader('connection', 'close').end('<html>')).listen(
      0,
      '127.0.0.1',
    );
    await once(page, 'listening');
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    for (const words of [
      ['presence', 'a'],
      ['tail', 'a'],
      ['publish', 'a', 'b'],
    ]) {
      const other = await runHere([...words, '--url', url], { env: hub.env });
      expect(other, `${words}`).toMatchObject({ code: 69, err: expect.stringContaining('no Tidings hub (200)') });
    }
    page.close();
    await once(page, 'close');
    for (const words of [
      ['presence', 'a'],
      ['publish', 'a', 'b'],
      ['tail', 'a'],
    ]) {
      const away = await runHere([...words, '--url', url], { env: hub.env });
      expect(away, `${words}`).toMatchObject({ code: 69, out: '' });
      expect(away.err).toContain(`tidings: ${url} can not be reached`);
    }
  });

  test('what the hub finds wrong with a request exits 65', async () => {
    expect(await runHere(['sessions', '--topic', 'a b'], { env: hub.env })).toMatchObject({
      code: 65,
      err: expect.stringContaining('invalid-topic'),
    });
  });
});

describe('inbox', () => {
  const inbox = (...words: readonly string[]) => runHere(['inbox', ...words], { env: hub.env });

  test('what a user has not read is counted and listed, page by page, and marked as read', async () => {
    for (const text of ['one', 'two', 'three']) await runHere(['publish', '--user', 'carol', text], { env: hub.env });
    const { out } = await inbox('list', 'carol', '--limit', '2');
    expect(out).toMatch(/^3 unread\n +TIME +ID +NAME +DATA\n\* .* three\n\* .* two\n… and older ones: --before \S+\n$/);
    const { events, next } = JSON.parse((await inbox('list', 'carol', '--limit', '2', '--json')).out);
    const older = await inbox('list', 'carol', '--before', next);
    expect(older.out).toMatch(/^3 unread\n.*\n\* .* one\n$/);
    expect((await inbox('read', 'carol', '--id', events[0].id)).out).toBe('2 unread\n');
    expect((await inbox('list', 'carol', '--limit', '1')).out).toMatch(/^2 unread\n.*\n {2}\S+ .* three\n/);
    expect((await inbox('read', 'carol', '--up-to', events[1].id)).out).toBe('0 unread\n');
    expect((await inbox('list', 'nobody')).out).toBe('0 unread\n');
  });

  test('nobody makes it unreadable by an event that is nested deeper than can be written', async () => {
    const deep = `${'['.repeat(20_000)}1${']'.repeat(20_000)}`;
    const { TIDINGS_URL, TIDINGS_TOKEN } = hub.env;
    const { status } = await fetch(`${TIDINGS_URL}/v1/users/dora/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TIDINGS_TOKEN}`, 'content-type': 'application/json' },
      body: deep,
    });
    expect(status).toBe(202);
    for (const more of [[], ['--json']]) {
      const { code, out } = await inbox('list', 'dora', ...more);
      expect([code, out.includes(deep)]).toEqual([0, true]);
    }
  });

  test('nothing to mark, and what the hub refuses, are told', async () => {
    expect(await inbox('read', 'carol')).toMatchObject({ code: 64, err: expect.stringContaining('--up-to or --id') });
    expect((await inbox('read', 'carol', '--up-to', 'x')).code).toBe(65);
  });
});
