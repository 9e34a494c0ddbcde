import { gzipSync } from 'node:zlib';
import { connectSocket, type RawAnswer, resetSocket, sendRaw, watchForLeaks } from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIngest, type TestIngest, until } from './fixture.ts';

const MAX_BODY_BYTES = 100_000;
const PATH = '/v1/topics/victim/events';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

let ingest: TestIngest;
let noLeaks: (timeoutMs?: number) => Promise<void>;

// One ingest for the whole corpus: what a hostile request leaves behind must show in the tests after it.
beforeAll(async () => {
  noLeaks = watchForLeaks();
  ingest = await createIngest({ maxBodyBytes: MAX_BODY_BYTES, maxEventBytes: MAX_BODY_BYTES });
});
afterAll(() => ingest.stop());

const head = (line: string, headers = ''): string =>
  `${line}\r\nHost: x\r\nAuthorization: Bearer ${ingest.all}\r\nContent-Type: text/plain\r\n${headers}\r\n`;
const post = (headers: string, body: string): string => head(`POST ${PATH} HTTP/1.1`, headers) + body;
const fine = (topic: string): string =>
  head(`POST /v1/topics/${topic}/events HTTP/1.1`, 'Content-Length: 4\r\n').concat('fine');

function send(request: string | Uint8Array, until?: (text: string) => boolean): Promise<RawAnswer> {
  return sendRaw(ingest.port, typeof request === 'string' ? Buffer.from(request, 'latin1') : request, until);
}

/** Everything that comes until the server closes. */
const untilClosed = (): boolean => false;
const countAnswers = (text: string): number => text.split(/HTTP\/1\.1 \d{3}/).length - 1;
const topics = (): string[] => ingest.messages.map(({ topic }) => topic);

/** What stands behind a broken request must never be taken for a second one. */
const SMUGGLED = 'POST /v1/topics/smuggled/events HTTP/1.1';

describe('request framing', () => {
  it.each<readonly [string, number, () => string]>([
    ['Content-Length and Transfer-Encoding', 400, () => post(`Content-Length: 5\r\n${CHUNKED}`, '0\r\n\r\n')],
    ['Transfer-Encoding and Content-Length', 400, () => post(`${CHUNKED}Content-Length: 0\r\n`, '1\r\nx\r\n0\r\n\r\n')],
    ['two equal Content-Length', 400, () => post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x')],
    ['two different Content-Length', 400, () => post('Content-Length: 0\r\nContent-Length: 9\r\n', 'x')],
    ['a list in Content-Length', 400, () => post('Content-Length: 1, 1\r\n', 'x')],
    ['a negative Content-Length', 400, () => post('Content-Length: -1\r\n', 'x')],
    ['a signed Content-Length', 400, () => post('Content-Length: +1\r\n', 'x')],
    ['a hexadecimal Content-Length', 400, () => post('Content-Length: 0x1\r\n', 'x')],
    ['a Content-Length of 23 digits', 400, () => post('Content-Length: 99999999999999999999999\r\n', 'x')],
    ['Transfer-Encoding: xchunked', 400, () => post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
    ['Transfer-Encoding: chunked, identity', 400, () => post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n')],
    ['Transfer-Encoding: identity', 400, () => post('Transfer-Encoding: identity\r\n', '0\r\n\r\n')],
    ['Transfer-Encoding with a vertical tab', 400, () => post('Transfer-Encoding: \u000bchunked\r\n', '0\r\n\r\n')],
    ['a folded header', 400, () => post('X-A: b\r\n c\r\nContent-Length: 1\r\n', 'x')],
    ['a folded Transfer-Encoding', 400, () => post('Transfer-Encoding:\r\n chunked\r\n', '1\r\nx\r\n0\r\n\r\n')],
    ['bare line feeds', 400, () => post('Content-Length: 1\r\n', 'x').replaceAll('\r\n', '\n')],
    ['one bare line feed', 400, () => post('X-A: b\nContent-Length: 1\r\n', 'x')],
    ['a bare carriage return', 400, () => post('X-A: b\rX-B: c\r\nContent-Length: 1\r\n', 'x')],
    ['a space before the colon', 400, () => post('Content-Length : 1\r\n', 'x')],
    ['a header without a name', 400, () => post(': x\r\nContent-Length: 1\r\n', 'x')],
    ['NUL in a header', 400, () => post('X-A: a\0b\r\nContent-Length: 1\r\n', 'x')],
    ['a chunk size that is no number', 400, () => post(CHUNKED, 'zz\r\nx\r\n0\r\n\r\n')],
    ['a chunk size with 0x', 400, () => post(CHUNKED, '0x1\r\nx\r\n0\r\n\r\n')],
    ['a negative chunk size', 400, () => post(CHUNKED, '-1\r\nx\r\n0\r\n\r\n')],
    ['a chunk size of 18 digits', 400, () => post(CHUNKED, 'ffffffffffffffffff\r\nx\r\n0\r\n\r\n')],
    ['a chunk longer than it says', 400, () => post(CHUNKED, '1\r\nxyz\r\n0\r\n\r\n')],
    ['chunks in bare line feeds', 400, () => post(CHUNKED, '1\nx\n0\n\n')],
    ['a header of 17 KB', 431, () => post(`X-A: ${'a'.repeat(17_000)}\r\nContent-Length: 1\r\n`, 'x')],
    [
      '200 headers',
      431,
      () => post(`${Array.from({ length: 200 }, (_, n) => `X-${n}: a\r\n`).join('')}Content-Length: 1\r\n`, 'x'),
    ],
    ['a URL of 100 KB', 431, () => head(`POST /v1/topics/${'a'.repeat(100_000)}/events HTTP/1.1`)],
    ['10,000 query parameters', 431, () => head(`POST ${PATH}?${'a=1&'.repeat(10_000)} HTTP/1.1`)],
    ['HTTP/0.9', 505, () => 'GET /v1/events\r\n\r\n'],
    ['HTTP/2.0 by name', 505, () => head(`POST ${PATH} HTTP/2.0`, 'Content-Length: 0\r\n')],
    ['HTTP/1.2', 400, () => head(`POST ${PATH} HTTP/1.2`, 'Content-Length: 0\r\n')],
    ['almost the preface of HTTP/2', 400, () => 'PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n'],
    ['a method that does not exist', 400, () => head(`FOO ${PATH} HTTP/1.1`)],
    ['a method in lower case', 400, () => head(`post ${PATH} HTTP/1.1`)],
    [
      'raw UTF-8 in the path',
      400,
      () => head('POST /v1/topics/k\u00c3\u00b6ln/events HTTP/1.1', 'Content-Length: 0\r\n'),
    ],
    ['a space in the path', 400, () => head('POST /v1/topics/a b/events HTTP/1.1', 'Content-Length: 0\r\n')],
    ['no Host', 400, () => `POST ${PATH} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
    ['a TLS handshake', 400, () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['noise', 400, () => '\xff\xfe\x00\x01\r\n\r\n'],
  ])('hardening section 1: %s is %i, and the connection closes with nothing more answered', async (...row) => {
    const [, status, request] = row;
    const before = topics().length;
    const answer = await send(request() + head(SMUGGLED, 'Content-Length: 1\r\n').concat('x'), untilClosed);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.text).toContain(`"status":${status}`);
    expect(countAnswers(answer.text)).toBe(1);
    expect(topics().slice(before)).toEqual([]);
  });

  it.each<readonly [string, number, () => string]>([
    ['a percent sign alone', 400, () => head('POST /v1/topics/%/events HTTP/1.1', 'Content-Length: 0\r\n')],
    ['%zz in the path', 400, () => head('POST /v1/topics/%zz/events HTTP/1.1', 'Content-Length: 0\r\n')],
    ['%ff in the path', 400, () => head('POST /v1/topics/%ff/events HTTP/1.1', 'Content-Length: 0\r\n')],
    ['a percent sign in the query', 400, () => head(`POST ${PATH}?event=% HTTP/1.1`, 'Content-Length: 0\r\n')],
    ['%zz in the query', 400, () => head(`POST ${PATH}?event=%zz HTTP/1.1`, 'Content-Length: 0\r\n')],
    ['%ff in the query', 400, () => head(`POST ${PATH}?event=%ff HTTP/1.1`, 'Content-Length: 0\r\n')],
    [
      '3,000 query parameters',
      422,
      () => head(`POST ${PATH}?${'a=1&'.repeat(3_000)} HTTP/1.1`, 'Content-Length: 0\r\n'),
    ],
    ['a Host that is none', 400, () => `POST ${PATH} HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n`],
    ['another scheme in the target', 404, () => head('POST ftp://x/v1/events HTTP/1.1', 'Content-Length: 0\r\n')],
    ['a second host in the path', 404, () => head(`POST //other${PATH} HTTP/1.1`, 'Content-Length: 0\r\n')],
    ['an asterisk', 404, () => head('POST * HTTP/1.1', 'Content-Length: 0\r\n')],
    ['a fragment', 404, () => head(`POST ${PATH}#a HTTP/1.1`, 'Content-Length: 0\r\n')],
    ['TRACE', 405, () => head(`TRACE ${PATH} HTTP/1.1`)],
    ['PUT', 405, () => head(`PUT ${PATH} HTTP/1.1`, 'Content-Length: 0\r\n')],
    ['GET', 405, () => head(`GET ${PATH} HTTP/1.1`)],
  ])('hardening section 1: %s is %i, and the next request of the connection is served', async (...row) => {
    const [, status, request] = row;
    const answer = await send(request() + fine('next'), (text) => countAnswers(text) === 2 && text.includes('"id"'));
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST, DELETE, OPTIONS');
    expect(topics().at(-1)).toBe('next');
  });

  it.each<readonly [string, () => string]>([
    [
      'a target in absolute form',
      () => head('POST http://elsewhere.example/v1/topics/odd/events HTTP/1.1', 'Content-Length: 1\r\n'),
    ],
    [
      'a target in absolute form with upper-case scheme',
      () => head('POST HTTPS://x/v1/topics/odd/events HTTP/1.1', 'Content-Length: 1\r\n'),
    ],
    ['HTTP/1.0', () => head('POST /v1/topics/odd/events HTTP/1.0', 'Content-Length: 1\r\n')],
    [
      'HTTP/1.0 without a host',
      () => head('POST /v1/topics/odd/events HTTP/1.0', 'Content-Length: 1\r\n').replace('Host: x\r\n', ''),
    ],
    [
      'a wish to upgrade',
      () =>
        head(
          'POST /v1/topics/odd/events HTTP/1.1',
          'Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n',
        ),
    ],
    ['an empty line before it', () => `\r\n${head('POST /v1/topics/odd/events HTTP/1.1', 'Content-Length: 1\r\n')}`],
  ])('a request with %s is served', async (_name, request) => {
    const answer = await send(`${request()}x`);
    expect(answer.status).toBe(202);
    expect(topics().at(-1)).toBe('odd');
  });

  it('a chunked body with extensions and trailers is read as its data alone', async () => {
    const body = '2;a=b\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: t\r\n\r\n';
    expect((await send(post(CHUNKED, body))).status).toBe(202);
    expect(ingest.texts().at(-1)).toBe('abc');
  });

  it('hardening section 1: Expect: 100-continue gets its 100 and then the answer', async () => {
    const request = head(`POST ${PATH} HTTP/1.1`, 'Expect: 100-continue\r\nContent-Length: 3\r\n');
    const answer = await send(`${request}abc`, (text) => text.includes('"id"'));
    expect(answer.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
  });

  it('an expectation that nobody knows is refused, and the process goes on', async () => {
    const answer = await send(
      head(`POST ${PATH} HTTP/1.1`, 'Expect: cake\r\nContent-Length: 0\r\nConnection: close\r\n'),
      untilClosed,
    );
    expect(answer.status).toBe(417);
  });

  it('CONNECT is refused by a closed connection', async () => {
    expect((await send('CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n', untilClosed)).status).toBe(0);
  });
});

describe('bodies over the limit', () => {
  const bigChunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

  it('section 5: a body may have exactly TIDINGS_MAX_BODY_BYTES, declared or chunked', async () => {
    const text = 'x'.repeat(MAX_BODY_BYTES);
    expect((await send(post(`Content-Length: ${text.length}\r\n`, text))).status).toBe(202);
    expect((await send(post(CHUNKED, `${bigChunk(text.length)}0\r\n\r\n`))).status).toBe(202);
    expect(ingest.messages.slice(-2).map(({ data }) => data.length)).toEqual([MAX_BODY_BYTES, MAX_BODY_BYTES]);
  });

  it.each<readonly [string, () => string]>([
    ['declared, and not sent', () => post(`Content-Length: ${MAX_BODY_BYTES + 1}\r\n`, '')],
    ['declared as a terabyte', () => post('Content-Length: 1099511627776\r\n', 'x')],
    ['declared and sent', () => post(`Content-Length: ${MAX_BODY_BYTES + 1}\r\n`, 'x'.repeat(MAX_BODY_BYTES + 1))],
    ['in one chunk', () => post(CHUNKED, bigChunk(MAX_BODY_BYTES + 1))],
    ['in many chunks', () => post(CHUNKED, bigChunk(10_000).repeat(11))],
    ['without an end', () => post(CHUNKED, `fffffff\r\n${'x'.repeat(MAX_BODY_BYTES + 1)}`)],
  ])('hardening section 1: a body %s is 413, and what follows is not taken for a request', async (_name, request) => {
    const before = topics().length;
    const smuggled = head(SMUGGLED, 'Content-Length: 1\r\n').concat('x');
    const answer = await send(request() + smuggled, untilClosed);
    expect(answer.status).toBe(413);
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.text).toContain('"code":"body-too-large"');
    expect(countAnswers(answer.text)).toBe(1);
    expect(topics().slice(before)).toEqual([]);
  });

  it('hardening section 1: a gzip bomb is 415 and never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const request = head(`POST ${PATH} HTTP/1.1`, `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n`);
    const answer = await send(Buffer.concat([Buffer.from(request), bomb]));
    expect(answer.status).toBe(415);
  });

  it('hardening section 1: a body shorter than its Content-Length is never published', async () => {
    const before = topics().length;
    const lines = ingest.lines.length;
    const socket = connectSocket(ingest.port);
    socket.end(post('Content-Length: 10\r\n', 'short'));
    socket.resume();
    socket.on('error', () => {});
    await until(() => ingest.lines.slice(lines).some(({ msg }) => msg === 'request'));
    expect(topics().slice(before)).toEqual([]);
    socket.destroy();
  });

  it('hardening section 1: what stands behind a body longer than its Content-Length is a request of its own', async () => {
    const before = topics().length;
    const answer = await send(`${post('Content-Length: 1\r\n', 'x')}yz\r\n\r\n`, untilClosed);
    expect(answer.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 400']);
    expect(topics().slice(before)).toEqual(['victim']);
  });
});

describe('clients that misbehave in time', () => {
  it('a client that leaves in the middle of a body is logged and publishes nothing', async () => {
    const before = topics().length;
    const lines = ingest.lines.length;
    const socket = connectSocket(ingest.port);
    socket.on('error', () => {});
    // Its 100 says that the request has begun: what a reset overtakes is never read.
    socket.write(post('Expect: 100-continue\r\nContent-Length: 10\r\n', 'abc'));
    await new Promise((resolve) => socket.once('data', resolve));
    resetSocket(socket);
    await until(() => ingest.lines.slice(lines).some(({ msg }) => msg === 'request'));
    expect([400, 499]).toContain(ingest.lines.slice(lines).find(({ msg }) => msg === 'request')?.status);
    expect(topics().slice(before)).toEqual([]);
    expect(ingest.lines.filter(({ level }) => (level as number) >= 50)).toEqual([]);
  });

  it('a body that comes byte by byte is taken, and others are served meanwhile', async () => {
    const socket = connectSocket(ingest.port);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.setNoDelay(true);
    const bytes = post('Content-Length: 5\r\n', 'abcde');
    for (const byte of [bytes.slice(0, -5), ...bytes.slice(-5)]) {
      socket.write(byte);
      expect((await send(fine('meanwhile'))).status).toBe(202);
    }
    await until(() => text.includes('"id"'));
    expect(ingest.texts().slice(-2)).toContain('abcde');
    socket.destroy();
  });

  it('pipelined requests are answered in their order', async () => {
    const before = topics().length;
    const names = Array.from({ length: 20 }, (_, number) => `pipe.${number}`);
    const answer = await send(names.map(fine).join(''), (text) => text.split('"id"').length === 21);
    expect(answer.text.match(/pipe\.\d+/g)).toEqual(names);
    // They are worked on side by side: who wants an order in the log waits for each answer.
    expect(topics().slice(before).sort()).toEqual(names.sort());
  });
});

it('after the hostile requests the process serves as before, and nothing is left open', async () => {
  expect((await ingest.publish({ topic: 'a', data: 1 })).status).toBe(202);
  expect(topics()).not.toContain('smuggled');
  expect(ingest.lines.filter(({ level }) => (level as number) >= 50)).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
  await ingest.stop();
  await noLeaks();
});
