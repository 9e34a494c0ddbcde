import { onlyOver, request, watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { ALLOWED_ORIGIN, startEdge } from './fixture.ts';
import { connectRaw } from './raw-connection.ts';
import { controlOf, names, payloadsBeforeMarker } from './received.ts';

const JSON_BODY = { 'content-type': 'application/json' };

describe('the head of a stream', () => {
  it('section 4: a stream answers 200 with the headers that keep proxies from buffering and caching it', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    expect(client.status).toBe(200);
    expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(client.headers['cache-control']).toBe('no-cache, no-store, no-transform');
    expect(client.headers['x-accel-buffering']).toBe('no');
    expect(client.headers['content-length']).toBeUndefined();
    const hello = await controlOf(client, 'hub.hello');
    expect(client.headers['tidings-session']).toBe(hello.session);
  });

  it('section 4: the first bytes are a comment and a retry of 1,000 to 5,000 ms, which differs from stream to stream', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const delays = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await edge.stream('topic=a', { headers });
        await client.event('hub.hello');
        return Number(/^: ok\nretry: (\d+)\n\nevent: hub\.hello\n/.exec(client.text)?.[1]);
      }),
    );
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(1_000);
      expect(delay).toBeLessThanOrEqual(5_000);
    }
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it('section 4: lines end in LF, never in CR LF, whatever a payload holds', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', 'one\r\ntwo\rthree\nfour');
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(['one\ntwo\nthree\nfour']);
    expect(client.text).not.toContain('\r');
  });

  it('section 4: hub.hello comes first, with a cursor as its id, the session and the topics', async () => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('other', 'before');
    const client = await edge.stream('topic=orders.42&topic=chat.%3E');
    const hello = await client.event('hub.hello');
    expect(client.events[0]).toBe(hello);
    expect(JSON.parse(hello.data)).toEqual({
      session: client.headers['tidings-session'],
      topics: ['orders.42', 'chat.>'],
      resumed: false,
    });
    expect(hello.lastEventId.startsWith(`${epoch}.1.`)).toBe(true);
    expect(hello.lastEventId.length).toBeLessThanOrEqual(128);
    expect(hello.lastEventId).toMatch(/\.[0-9a-z]{4,}$/);
  });

  it('section 4: with nothing to replay hub.live stands right after hello, and only once', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', 'one');
    await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client)).toEqual(['hub.hello', 'hub.live', 'message', 'message']);
    expect(client.text).toContain('\n\nevent: hub.live\ndata: {}\n\n');
  });

  it('gives each session an id of its own that can not be guessed from another', async () => {
    const edge = await startEdge();
    const [one, two] = await Promise.all([edge.stream('topic=a'), edge.stream('topic=a')]);
    expect(one.headers['tidings-session']).not.toBe(two.headers['tidings-session']);
    expect(String(one.headers['tidings-session']).length).toBeGreaterThanOrEqual(22);
  });
});

describe('POST /v1/stream', () => {
  it('section 4: takes the fields of GET as a JSON body and answers with the same stream', async () => {
    const edge = await startEdge();
    await edge.publish('a', 'stored');
    const client = await edge.stream('', {
      method: 'POST',
      headers: { ...JSON_BODY, authorization: `Bearer ${await edge.token()}` },
      body: JSON.stringify({ topic: ['a', 'b.*'], replay: 1, format: 'envelope', lag: 'latest', client: 'x/1' }),
    });
    expect(client.status).toBe(200);
    expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect((await controlOf(client, 'hub.hello')).topics).toEqual(['a', 'b.*']);
    await client.event('hub.live');
    expect(JSON.parse(client.published()[0]?.data ?? '')).toMatchObject({ topic: 'a', data: 'stored' });
  });

  it('section 4: takes 100 topics that no URL could hold', async () => {
    const edge = await startEdge();
    const topics = Array.from({ length: 100 }, (_, place) => `${place}.${'t'.repeat(250 - `${place}`.length)}`);
    const client = await edge.stream('', {
      method: 'POST',
      headers: { ...JSON_BODY, authorization: `Bearer ${await edge.token()}` },
      body: JSON.stringify({ topic: topics }),
    });
    await client.event('hub.live');
    await edge.publish(topics[99] as string, 'reached');
    expect(await payloadsBeforeMarker(edge, client, topics[0] as string)).toEqual(['reached']);
  });

  it('takes the token from the query too, and resumes by header before the field', async () => {
    const edge = await startEdge();
    await edge.publish('a', 'one');
    const { cursor } = await (await edge.get('/v1/position')).json();
    await edge.publish('a', 'two');
    const later = (await (await edge.get('/v1/position')).json()).cursor;
    const client = await edge.stream(`access_token=${await edge.token()}`, {
      method: 'POST',
      headers: { ...JSON_BODY, 'last-event-id': cursor },
      body: JSON.stringify({ topic: ['a'], last_event_id: later }),
    });
    expect(client.headers['referrer-policy']).toBe('no-referrer');
    await client.event('hub.live');
    expect(client.published().map(({ data }) => data)).toEqual(['two']);
  });

  it.each([
    ['no JSON', '{', 400, 'malformed-body'],
    ['not an object', '5', 422, 'invalid-field'],
    ['null', 'null', 422, 'invalid-field'],
    ['an unknown field', '{"topics":["a"]}', 422, 'unknown-field'],
    ['a topic that is no array', '{"topic":"a"}', 422, 'invalid-field'],
    ['no topic in the array', '{"topic":[]}', 422, 'invalid-field'],
    ['101 topics', JSON.stringify({ topic: Array(101).fill('a') }), 422, 'invalid-field'],
    ['an illegal topic', '{"topic":["a..b"]}', 422, 'invalid-topic'],
    ['a replay that is no count', '{"topic":["a"],"replay":1.5}', 422, 'invalid-field'],
    ['a prototype', '{"topic":["a"],"__proto__":{"admin":true}}', 422, 'unknown-field'],
    ['more than it may have', JSON.stringify({ topic: ['a'.repeat(300_000)] }), 413, 'body-too-large'],
  ])('refuses a body that is %s', async (_what, body, status, code) => {
    const edge = await startEdge();
    const answer = await request(`${edge.url}/v1/stream`, {
      method: 'POST',
      headers: { ...JSON_BODY, authorization: `Bearer ${await edge.token()}` },
      body,
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
  });

  it('points into the body where a field of it is at fault', async () => {
    const edge = await startEdge();
    const pointerOf = async (body: object): Promise<unknown> => {
      const headers = { ...JSON_BODY, authorization: `Bearer ${await edge.token()}` };
      const answer = await request(`${edge.url}/v1/stream`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()).pointer;
    };
    expect(await pointerOf({ topic: ['a', 5] })).toBe('/topic/1');
    expect(await pointerOf({ topic: ['a'], lag: 'none' })).toBe('/lag');
  });

  it.each(['text/plain', 'application/json; charset=latin1', ''])('refuses the media type %j', async (type) => {
    const edge = await startEdge();
    const headers = { 'content-type': type, authorization: `Bearer ${await edge.token()}` };
    const answer = await request(`${edge.url}/v1/stream`, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(415);
  });

  it('refuses stream parameters in its query', async () => {
    const edge = await startEdge();
    const headers = { ...JSON_BODY, authorization: `Bearer ${await edge.token()}` };
    const answer = await request(`${edge.url}/v1/stream?topic=a`, { method: 'POST', headers, body: '{"topic":["a"]}' });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'unknown-field', parameter: 'topic' });
  });
});

describe('what a stream request may not ask', () => {
  it.each([
    ['101 topics', Array(101).fill('topic=a').join('&'), 'invalid-field', 'topic'],
    ['an unknown parameter', 'topic=a&topics=b', 'unknown-field', 'topics'],
    ['a parameter twice', 'topic=a&replay=all&replay=none', 'invalid-field', 'replay'],
    ['an unknown lag', 'topic=a&lag=skip', 'invalid-field', 'lag'],
    ['an unknown format', 'topic=a&format=xml', 'invalid-field', 'format'],
    ['an unknown until', 'topic=a&until=end', 'invalid-field', 'until'],
    ['a client without a version', 'topic=a&client=sdk', 'invalid-field', 'client'],
    ['an empty topic', 'topic=', 'invalid-topic', 'topic'],
    ['an empty token', 'topic=a..b', 'invalid-topic', 'topic'],
    ['17 tokens', `topic=${Array(17).fill('a').join('.')}`, 'invalid-topic', 'topic'],
    ['256 bytes', `topic=${'a'.repeat(256)}`, 'invalid-topic', 'topic'],
    ['256 bytes of four each', `topic=${'%F0%9F%98%80'.repeat(64)}`, 'invalid-topic', 'topic'],
    ['white space', 'topic=a+b', 'invalid-topic', 'topic'],
    ['a line feed', 'topic=a%0Ab', 'invalid-topic', 'topic'],
    ['U+2028', 'topic=a%E2%80%A8b', 'invalid-topic', 'topic'],
    ['> before the end', 'topic=a.%3E.b', 'invalid-topic', 'topic'],
    ['a star inside a token', 'topic=a*', 'invalid-topic', 'topic'],
  ])('section 4: %s is 422 and names its parameter', async (_what, query, code, parameter) => {
    const edge = await startEdge();
    const answer = await edge.get(`/v1/stream?${query}`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code, parameter });
  });

  it('section 2: legal topics of every script are taken, percent-encoded', async () => {
    const edge = await startEdge();
    for (const topic of [
      '日本.é',
      '😀',
      'a%2e',
      Array(16).fill('a').join('.'),
      'a'.repeat(255),
      '__proto__.constructor',
    ]) {
      const client = await edge.stream(`topic=${encodeURIComponent(topic)}`);
      await client.event('hub.live');
      await edge.publish(topic, 'reached');
      expect(await payloadsBeforeMarker(edge, client, topic), topic).toEqual(['reached']);
    }
  });

  it('section 4: 100 topics are taken by GET where the URL holds them', async () => {
    const edge = await startEdge();
    const client = await edge.stream(Array.from({ length: 100 }, (_, place) => `topic=t.${place}`).join('&'));
    expect(client.status).toBe(200);
    expect((await controlOf(client, 'hub.hello')).topics).toHaveLength(100);
  });
});

describe('what an answer may be', () => {
  it.each([
    [undefined, 200],
    ['', 200],
    ['*/*', 200],
    ['text/*', 200],
    ['text/event-stream', 200],
    ['TEXT/Event-Stream', 200],
    ['application/json, text/event-stream;q=0.5', 200],
    ['text/html, */*;q=0.1', 200],
    ['application/json', 406],
    ['text/html', 406],
    ['text/event-streams', 406],
    ['text/event-stream;q=0', 406],
    ['*/*;q=0.0', 406],
    // RFC 9110 section 12.5.1: the most specific range decides.
    ['*/*, text/event-stream;q=0', 406],
    ['*/*, text/*;q=0', 406],
  ])('section 4: Accept %j is answered with %i', async (accept, status) => {
    const edge = await startEdge();
    const authorization = `Bearer ${await edge.token()}`;
    const client = await edge.stream('topic=a', {
      headers: accept === undefined ? { authorization } : { authorization, accept },
    });
    expect(client.status).toBe(status);
    if (status === 406) {
      await client.end();
      expect(client.headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(client.text).code).toBe('not-acceptable');
    }
  });

  it('HEAD is answered with the head of the stream, without a body, and leaves no session behind', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a', {
      method: 'HEAD',
      headers: { authorization: `Bearer ${await edge.token()}` },
    });
    expect(client.status).toBe(200);
    expect(client.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    await client.end();
    expect(client.text).toBe('');
    expect(edge.edge.openStreams).toBe(0);
  });

  it('HEAD is refused where GET would be', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token({ subscribe: [] })}` };
    expect((await request(`${edge.url}/v1/stream?topic=a`, { method: 'HEAD', headers })).status).toBe(403);
    expect((await request(`${edge.url}/v1/stream?topic=a`, { method: 'HEAD' })).status).toBe(401);
  });

  it('OPTIONS names the methods, and answers the preflight of an allowed origin', async () => {
    const edge = await startEdge();
    const plain = await request(`${edge.url}/v1/stream`, { method: 'OPTIONS' });
    expect(plain.status).toBe(204);
    expect(plain.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
    const preflight = await request(`${edge.url}/v1/stream`, {
      method: 'OPTIONS',
      headers: { origin: ALLOWED_ORIGIN, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
    expect(preflight.headers.get('access-control-allow-credentials')).toBe('true');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST, PATCH, DELETE');
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, Last-Event-ID, Idempotency-Key',
    );
  });

  it('answers the preflight of a foreign origin with 403 and no permission', async () => {
    const edge = await startEdge();
    const preflight = await request(`${edge.url}/v1/stream`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each(['PUT', 'TRACE', 'DELETE', 'PATCH', 'PROPFIND'])(
    '%s is 405 and names what the path takes',
    async (method) => {
      const edge = await startEdge();
      const client = await edge.stream('topic=a', { method });
      await client.end();
      expect(client.status).toBe(405);
      expect(client.headers.allow?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
    },
  );
});

describe('one connection', () => {
  // Over h2c they would be the same bytes to the same port once more.
  const http1 = it.runIf(onlyOver(['h1', 'tls'], 'chunks, versions and pipelining are of HTTP/1'));
  const requestOf = (token: string, query: string, version = '1.1'): string =>
    `GET /v1/stream?${query} HTTP/${version}\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;

  http1('HTTP/1.0 is served without chunks until the close', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    raw.socket.write(requestOf(await edge.token(), 'topic=a', '1.0'));
    await raw.until((text) => text.includes('hub.live'));
    await edge.publish('a', 'over ten');
    await raw.until((text) => text.includes('data: over ten\n\n'));
    const body = raw.text.slice(raw.text.indexOf('\r\n\r\n') + 4);
    expect(raw.text.toLowerCase()).not.toContain('transfer-encoding');
    expect(body).toMatch(/^: ok\nretry: \d+\n\nevent: hub\.hello\n/);
    expect(body).not.toContain('\r');
    edge.edge.close();
    await eventually(() => raw.closed);
    expect(raw.text).toContain('hub.bye');
    expect(raw.text.endsWith('\n\n')).toBe(true);
  });

  http1('HTTP/1.1 bodies are framed as chunks that end as the standard wants', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    raw.socket.write(requestOf(await edge.token(), 'topic=a'));
    await raw.until((text) => text.includes('hub.live'));
    for (let place = 0; place < 50; place += 1) await edge.publish('a', `event ${place}`);
    await raw.until((text) => text.includes('event 49'));
    edge.edge.close();
    await raw.until((text) => text.endsWith('\r\n0\r\n\r\n'));
    let rest = raw.text.slice(raw.text.indexOf('\r\n\r\n') + 4);
    let body = '';
    for (let size = -1; size !== 0; ) {
      const line = /^([0-9a-f]+)\r\n/.exec(rest);
      size = Number.parseInt(line?.[1] ?? 'none', 16);
      const start = line?.[0].length ?? 0;
      body += rest.slice(start, start + size);
      expect(rest.slice(start + size, start + size + 2)).toBe('\r\n');
      rest = rest.slice(start + size + 2);
    }
    expect(rest).toBe('');
    expect(body).not.toContain('\r');
    expect(body.match(/^data: event \d+$/gm)).toHaveLength(50);
  });

  http1('a second request that is sent behind a stream never lands in its bytes, and is not answered', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    const token = await edge.token();
    raw.socket.write(
      `${requestOf(token, 'topic=a')}GET /v1/position HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await raw.until((text) => text.includes('hub.live'));
    await edge.publish('a', 'still a stream');
    await raw.until((text) => text.includes('data: still a stream'));
    edge.edge.close();
    await eventually(() => raw.closed);
    expect(raw.text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(raw.text.toLowerCase()).toContain('\r\nconnection: close\r\n');
    expect(raw.text.endsWith('\r\n0\r\n\r\n')).toBe(true);
  });

  http1(
    'a stream that is asked for behind another request is refused in turn or served, and the connection stays sound',
    async () => {
      const edge = await startEdge();
      const raw = connectRaw(edge.port);
      const token = await edge.token();
      raw.socket.write(
        `GET /v1/position HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n${requestOf(token, 'topic=a')}`,
      );
      const text = await raw.until((all) => /"cursor".*(malformed-request|hub\.live)/s.test(all));
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text.slice(5)).toMatch(/\}HTTP\/1\.1 (400|200) /);
    },
  );

  http1('a stream that ended in good order closes its connection', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    const token = await edge.token();
    await edge.publish('a', 'the end', { final: true });
    raw.socket.write(requestOf(token, 'topic=a&until=final'));
    await eventually(() => raw.closed);
    expect(raw.text).toContain('"reason":"final"');
    expect(raw.text.endsWith('\r\n0\r\n\r\n')).toBe(true);
    await eventually(() => edge.sockets.size === 0);
  });

  http1('line breaks behind a request are no fault of the client', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    raw.socket.write(requestOf(await edge.token(), 'topic=a'));
    await raw.until((text) => text.includes('hub.live'));
    raw.socket.write('\r\n');
    await edge.publish('a', 'still here');
    await raw.until((text) => text.includes('data: still here'));
    expect(edge.edge.openStreams).toBe(1);
  });

  it('a client that leaves takes its session with it', async () => {
    const edge = await startEdge();
    const left = watchForLeaks();
    const clients = await Promise.all(Array.from({ length: 10 }, () => edge.stream('topic=a')));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    expect(edge.edge.openStreams).toBe(10);
    expect(await edge.openGauge()).toBe(10);
    for (const client of clients) client.destroy();
    await eventually(() => edge.edge.openStreams === 0);
    expect(await edge.openGauge()).toBe(0);
    await left();
  });

  it('section 9: a stream has one line in the log, and has it once it has ended', async () => {
    const edge = await startEdge();
    const lines = (): Record<string, unknown>[] => edge.lines.filter(({ msg }) => msg === 'request');
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', 'one');
    await payloadsBeforeMarker(edge, client, 'a');
    expect(lines()).toEqual([]);
    client.destroy();
    await eventually(() => lines().length > 0);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ status: 200, user: 'alice', delivered: 2, end: 'gone' });
    expect(lines()[0]?.bytes).toBeGreaterThanOrEqual(Buffer.byteLength(client.text));
  });

  http1('a client that ends its half of the connection is not kept as a session', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port, true);
    raw.socket.write(requestOf(await edge.token(), 'topic=a'));
    await raw.until((text) => text.includes('hub.live'));
    raw.socket.end();
    await edge.publish('a', 'to nobody');
    await eventually(() => edge.edge.openStreams === 0);
    await edge.publish('a', 'to nobody');
  });
});
