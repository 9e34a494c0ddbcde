import { connect, constants } from 'node:http2';
import { onlyOver, resetSocket, sendRaw, TEST_CERTIFICATE, watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { connectRaw } from './raw-connection.ts';
import { names, payloads, payloadsBeforeMarker } from './received.ts';

const HOST = 'Host: localhost\r\n';

/** Whether the edge serves a stream from its first byte to a live event, and lets go of it. */
async function expectService(edge: TestEdge): Promise<void> {
  const client = await edge.stream('topic=health');
  await client.event('hub.live');
  expect(await payloadsBeforeMarker(edge, client, 'health')).toEqual([]);
  expect(names(client)).toEqual(['hub.hello', 'hub.live', 'message']);
  client.destroy();
  await eventually(() => edge.edge.openStreams === 0);
  expect(await edge.openGauge()).toBe(0);
}

interface Attack {
  readonly what: string;
  readonly request: string;
  /** 0: closed without an answer. */
  readonly status: readonly number[];
}

const get = (target: string, headers = '', version = 'HTTP/1.1'): string =>
  `GET ${target} ${version}\r\n${HOST}${headers}\r\n`;
const post = (headers: string, body: string): string =>
  `POST /v1/stream HTTP/1.1\r\n${HOST}Authorization: TOKEN\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;

const ATTACKS: readonly Attack[] = [
  { what: 'garbage', request: '\0\x01\x02 garbage \r\n\r\n', status: [400] },
  { what: 'a TLS hello', request: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', status: [400] },
  { what: 'almost the preface of HTTP/2', request: 'PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n', status: [400, 505] },
  { what: 'HTTP/0.9', request: 'GET /v1/stream\r\n\r\n', status: [400, 505] },
  { what: 'HTTP/0.9 by name', request: get('/v1/stream?topic=a', '', 'HTTP/0.9'), status: [400, 505] },
  { what: 'HTTP/2.0 by name', request: get('/v1/stream?topic=a', '', 'HTTP/2.0'), status: [400, 505] },
  { what: 'HTTP/1.2', request: get('/v1/stream?topic=a', '', 'HTTP/1.2'), status: [400, 505] },
  { what: 'no host', request: 'GET /v1/stream?topic=a HTTP/1.1\r\n\r\n', status: [400] },
  { what: 'an empty host', request: 'GET /v1/stream?topic=a HTTP/1.1\r\nHost:\r\n\r\n', status: [400, 401] },
  { what: 'a host that is none', request: 'GET /v1/stream?topic=a HTTP/1.1\r\nHost: a b/c\r\n\r\n', status: [400] },
  { what: '%zz in the path', request: get('/v1/%zz'), status: [400, 404] },
  { what: '%ff in the path', request: get('/v1/topics/%ff/events', 'Authorization: TOKEN\r\n'), status: [400] },
  { what: '% at the end of the path', request: get('/v1/topics/%/events', 'Authorization: TOKEN\r\n'), status: [400] },
  { what: '%zz in the query', request: get('/v1/stream?topic=%zz', 'Authorization: TOKEN\r\n'), status: [400] },
  { what: '%ff in the query', request: get('/v1/stream?topic=%ff', 'Authorization: TOKEN\r\n'), status: [400] },
  {
    what: 'an overlong encoding in the query',
    request: get('/v1/stream?topic=%c0%ae', 'Authorization: TOKEN\r\n'),
    status: [400],
  },
  {
    what: 'a lone surrogate in the query',
    request: get('/v1/stream?topic=%ed%a0%80', 'Authorization: TOKEN\r\n'),
    status: [400],
  },
  {
    what: '10,000 query parameters',
    request: get(`/v1/stream?${'&'.repeat(3_000)}${'a&'.repeat(6_000)}`, 'Authorization: TOKEN\r\n'),
    status: [422],
  },
  {
    what: '10,000 parameters that no URL may hold',
    request: get(`/v1/stream?${'topic=a&'.repeat(10_000)}`),
    status: [431],
  },
  {
    what: '2,000 topics',
    request: get(`/v1/stream?${'topic=a&'.repeat(1_900)}`, 'Authorization: TOKEN\r\n'),
    status: [422],
  },
  { what: 'a URL of 100 KB', request: get(`/v1/stream?topic=${'a'.repeat(100_000)}`), status: [431] },
  {
    what: 'a header of 17 KB',
    request: get('/v1/stream?topic=a', `X-Large: ${'x'.repeat(17_408)}\r\n`),
    status: [431],
  },
  {
    what: '200 headers',
    request: get('/v1/stream?topic=a', Array.from({ length: 200 }, (_, place) => `X-${place}: 1\r\n`).join('')),
    status: [431],
  },
  { what: 'an unknown method', request: `BREW /v1/stream HTTP/1.1\r\n${HOST}\r\n`, status: [400] },
  { what: 'TRACE', request: `TRACE /v1/stream HTTP/1.1\r\n${HOST}\r\n`, status: [405] },
  { what: 'CONNECT', request: `CONNECT example.com:443 HTTP/1.1\r\n${HOST}\r\n`, status: [0, 400, 404, 405] },
  { what: 'an asterisk', request: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, status: [204, 400, 404] },
  { what: 'a target with two slashes', request: get('//evil.example/v1/stream?topic=a'), status: [400, 404] },
  { what: 'a target that climbs', request: get('/v1/../v1/stream?topic=a'), status: [404] },
  { what: 'a target that climbs, encoded', request: get('/v1/%2e%2e/v1/stream?topic=a'), status: [404] },
  { what: 'a fragment', request: get('/v1/stream?topic=a#b'), status: [400, 401] },
  { what: 'a space before the colon', request: get('/v1/stream', 'X-A : 1\r\n'), status: [400] },
  { what: 'a folded header', request: get('/v1/stream?topic=a', 'X-A: 1\r\n 2\r\n'), status: [400, 401] },
  { what: 'bare line feeds', request: 'GET /v1/stream?topic=a HTTP/1.1\nHost: x\n\n', status: [400] },
  { what: 'a NUL in a header', request: get('/v1/stream?topic=a', 'X-A: a\0b\r\n'), status: [400] },
  {
    what: 'length and chunks at once',
    request: post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    status: [400],
  },
  { what: 'two lengths', request: post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'), status: [400] },
  { what: 'chunks of another name', request: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), status: [400] },
  { what: 'a negative length', request: post('Content-Length: -1\r\n', ''), status: [400] },
  { what: 'a chunk size that is none', request: post('Transfer-Encoding: chunked\r\n', 'xyz\r\n'), status: [400] },
  { what: 'a body that is declared too large', request: post('Content-Length: 99999999\r\n', ''), status: [413] },
  { what: 'a gzip body', request: post('Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'), status: [415] },
  {
    what: 'a body nested 10,000 deep',
    request: post('Content-Length: 20000\r\n', '['.repeat(10_000) + ']'.repeat(10_000)),
    status: [422],
  },
  {
    what: 'two Authorization headers',
    request: get('/v1/stream?topic=a', 'Authorization: TOKEN\r\nAuthorization: TOKEN\r\n'),
    status: [401],
  },
  { what: 'Bearer alone', request: get('/v1/stream?topic=a', 'Authorization: Bearer\r\n'), status: [401] },
  { what: 'an empty Authorization', request: get('/v1/stream?topic=a', 'Authorization:\r\n'), status: [401] },
  { what: 'two access_token', request: get('/v1/stream?topic=a&access_token=a&access_token=b'), status: [401] },
  { what: 'an empty access_token', request: get('/v1/stream?topic=a&access_token='), status: [401] },
  {
    what: 'an access_token that is a prototype',
    request: get('/v1/stream?topic=a&__proto__=b', 'Authorization: TOKEN\r\n'),
    status: [422],
  },
];

describe('hostile requests', () => {
  describe.runIf(onlyOver(['h1', 'tls'], 'bytes of HTTP/1, which over h2c go to the same port'))('in HTTP/1', () => {
    it.each(ATTACKS)('section 4: $what is refused, and the edge serves on', async ({ request, status }) => {
      const edge = await startEdge();
      const left = watchForLeaks();
      const token = `Bearer ${await edge.token()}`;
      const answer = await sendRaw(edge.port, Buffer.from(request.replaceAll('TOKEN', token), 'latin1'));
      expect(status).toContain(answer.status);
      expect(answer.text).not.toContain('    at ');
      if (answer.status >= 400 && answer.body !== '') {
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        // With or without the size of a chunk before it.
        expect(JSON.parse(/\{.*\}/.exec(answer.body)?.[0] ?? '').status).toBe(answer.status);
      }
      await expectService(edge);
      await left();
    });
  });

  it('section 4: a target in absolute form is served by its path', async () => {
    const edge = await startEdge();
    const authorization = `Authorization: Bearer ${await edge.token()}\r\n`;
    const answer = await sendRaw(edge.port, get('http://anything.example/v1/stream?topic=a', authorization), (text) =>
      text.includes('hub.live'),
    );
    expect(answer.status).toBe(200);
    await expectService(edge);
  });

  it('Expect: 100-continue is answered before the body is sent', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    const body = '{"topic":["a"]}';
    raw.socket.write(
      post(`Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`, '').replace(
        'TOKEN',
        `Bearer ${await edge.token()}`,
      ),
    );
    await raw.until((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    raw.socket.write(body);
    await raw.until((text) => text.includes('hub.live'));
  });

  it('hardening: one byte then silence takes no session', async () => {
    const edge = await startEdge();
    const left = watchForLeaks();
    const quiet = connectRaw(edge.port);
    quiet.socket.write('G');
    await eventually(() => edge.sockets.size === 1);
    await expectService(edge);
    quiet.socket.destroy();
    await left();
  });

  it('a body that never ends its stream request takes no session, and goes when the client does', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    raw.socket.write(post('Content-Length: 100\r\n', '{"topic":').replace('TOKEN', `Bearer ${await edge.token()}`));
    await eventually(() => edge.sockets.size === 1);
    await expectService(edge);
    resetSocket(raw.socket);
    await eventually(() => edge.sockets.size === 0);
  });

  it('garbage behind an open stream closes that connection, and writes nothing into the stream', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    raw.socket.write(get('/v1/stream?topic=a', `Authorization: Bearer ${await edge.token()}\r\n`));
    await raw.until((text) => text.includes('hub.live'));
    raw.socket.write('\0garbage\r\n\r\n');
    await eventually(() => raw.closed);
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    await expectService(edge);
  });

  it('hardening: streams that are reset in mid-write, 200 times while events flow, leave nothing behind and harm nobody', async () => {
    const edge = await startEdge();
    const left = watchForLeaks();
    const witness = await edge.stream('topic=a');
    await witness.event('hub.live');
    const request = get('/v1/stream?topic=a&replay=all', `Authorization: Bearer ${await edge.token()}\r\n`);
    const filler = 'x'.repeat(20_000);
    let published = 0;
    for (let round = 0; round < 20; round += 1) {
      const victims = Array.from({ length: 10 }, () => connectRaw(edge.port));
      for (const { socket } of victims) socket.write(request);
      const replayBytes = published * filler.length;
      await Promise.all(
        victims.map(({ until }, place) => until((text) => text.length > Math.min((place % 3) * 30_000, replayBytes))),
      );
      for (let each = 0; each < 5; each += 1) {
        await edge.publish('a', `${published} ${filler}`);
        published += 1;
        for (const { socket } of victims.splice(0, 2)) resetSocket(socket);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (round % 4 === 0) await eventually(() => edge.edge.openStreams === 1);
    }
    await eventually(() => edge.edge.openStreams === 1);
    expect(await edge.openGauge()).toBe(1);
    await payloadsBeforeMarker(edge, witness, 'a');
    expect(
      payloads(witness)
        .slice(0, -1)
        .map((text) => Number.parseInt(text, 10)),
    ).toEqual(Array.from({ length: published }, (_, place) => place));
    witness.destroy();
    await expectService(edge);
    await left();
  });

  it.runIf(onlyOver(['h2c', 'tls'], 'over HTTP/1 a stream has a connection of its own'))(
    'hardening: streams that are reset in mid-write leave the others of their connection alone',
    async () => {
      const edge = await startEdge();
      const left = watchForLeaks();
      const session = connect(edge.url, { ca: TEST_CERTIFICATE.cert });
      onTestFinished(() => session.destroy());
      const fields = { ':path': '/v1/stream?topic=a&replay=all', authorization: `Bearer ${await edge.token()}` };
      const witness = session.request(fields);
      let text = '';
      witness.on('data', (bytes) => {
        text += bytes;
      });
      await eventually(() => text.includes('hub.live'));
      const filler = 'x'.repeat(20_000);
      for (let round = 0; round < 20; round += 1) {
        const victims = Array.from({ length: 5 }, () => session.request(fields));
        await Promise.all(victims.map((victim) => new Promise((resolve) => victim.once('data', resolve))));
        await edge.publish('a', `event ${round} ${filler}`);
        for (const victim of victims) victim.close(constants.NGHTTP2_CANCEL);
        await eventually(() => edge.edge.openStreams === 1);
      }
      await eventually(() => text.includes('event 19 '));
      expect([...text.matchAll(/event (\d+) /g)].map(([, place]) => Number(place))).toEqual(
        Array.from({ length: 20 }, (_, place) => place),
      );
      session.close();
      witness.close(constants.NGHTTP2_CANCEL);
      await expectService(edge);
      await left();
    },
  );

  it('hardening: clients that leave before the head is sent leave no session', async () => {
    const edge = await startEdge();
    const left = watchForLeaks();
    const request = get(
      '/v1/stream?topic=a&until=final&last_event_id=x',
      `Authorization: Bearer ${await edge.token()}\r\n`,
    );
    for (let round = 0; round < 50; round += 1) {
      const raw = connectRaw(edge.port);
      raw.socket.write(request, () => resetSocket(raw.socket));
      await eventually(() => raw.closed);
    }
    await expectService(edge);
    await left();
  });

  it('hardening: a broken request behind an open stream never puts an answer into it', async () => {
    const edge = await startEdge();
    const raw = connectRaw(edge.port);
    const token = `Authorization: Bearer ${await edge.token()}\r\n`;
    raw.socket.write(get('/v1/stream?topic=a', token));
    await raw.until((text) => text.includes('event: hub.live'));
    raw.socket.write(`POST /v1/stream HTTP/1.1\r\nHost: a\r\n${token}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
    await eventually(() => raw.closed);
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    await expectService(edge);
  });
});
