import { onlyOver, request, sendRaw } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import { startTestHub, type TestHub } from './fixture.ts';

const development = { TIDINGS_JWT_SECRET: '' };

const post = (hub: TestHub, path: string, body: string, contentType = 'application/json'): Promise<Response> =>
  request(`${hub.url}/demo/${path}`, { method: 'POST', headers: { 'content-type': contentType }, body });

const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const reachable = onlyOver(['h1', 'h2c'], "back ends verify the hub's certificate, and that of the tests is nobody's");

describe('the demo', () => {
  test('is not there where a key is configured, or in production', async () => {
    for (const env of [{}, { NODE_ENV: 'production' }]) {
      const hub = await startTestHub(env);
      for (const path of ['/demo', '/demo/llm', '/demo/llm.js', '/demo/token?app=llm&name=guest'])
        expect((await request(hub.url + path)).status, path).toBe(404);
      expect((await post(hub, 'llm/ask', '{"question":"x"}')).status).toBe(404);
    }
  });

  test('answers to this machine alone, by a loopback name: what it gives are tokens', async () => {
    const hub = await startTestHub(development);
    const ask = async (path: string, host: string): Promise<number> => {
      const answer = await sendRaw(hub.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      if (answer.status !== 200) expect(answer.text).toContain('urn:tidings:problem:');
      return answer.status;
    };
    for (const path of ['/demo', '/demo/chat', '/demo/chat.js', '/demo/demo.css', '/demo/token?app=chat&name=Ada']) {
      for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1'])
        expect(await ask(path, host), `${path} of ${host}`).toBe(403);
      if (reachable || !path.includes('token')) expect(await ask(path, 'localhost'), path).toBe(200);
    }
    const asked = 'POST /demo/llm/ask HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\n';
    const { status } = await sendRaw(hub.port, `${asked}Content-Length: 2\r\nConnection: close\r\n\r\n{}`);
    expect(status).toBe(403);
  });

  test.runIf(!reachable)('says what to do when its back ends can not verify the certificate of the hub', async () => {
    const hub = await startTestHub(development);
    const answer = await post(hub, 'llm/ask', '{"question":"x"}');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      code: 'unavailable',
      detail: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  test.runIf(reachable)('gives a token for one application to whoever has a name, and for nothing more', async () => {
    const hub = await startTestHub(development);
    const ask = (query: string): Promise<Response> => request(`${hub.url}/demo/token?${query}`);
    const answer = await ask('app=bell&name=Ada');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const claims = claimsOf((await answer.json()).token) as { iat: number; exp: number };
    expect(claims).toMatchObject({ sub: 'Ada', tidings: { subscribe: ['demo.bell.everybody'] } });
    expect(claims).not.toHaveProperty('tidings.publish');
    expect(claims.exp - claims.iat).toBe(600);
    for (const query of ['app=bell', 'name=Ada', 'app=nothing&name=Ada', 'app=bell&name=a.b', 'app=bell&name=*'])
      expect((await ask(query)).status, query).toBe(422);
    expect((await ask(`app=bell&name=${'a'.repeat(25)}`)).status).toBe(422);
    expect((await ask('app=bell&name=Ada&tidings=x')).status).toBe(422);
  });

  test.runIf(reachable)('takes short JSON of the right shape, and answers everything else with a problem', async () => {
    const hub = await startTestHub(development);
    const expectProblem = async (answering: Promise<Response>, status: number, code: string): Promise<void> => {
      const answer = await answering;
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toMatchObject({ status, code });
    };
    await expectProblem(post(hub, 'llm/ask', '{"question":"x"}', 'text/plain'), 415, 'unsupported-media-type');
    await expectProblem(post(hub, 'llm/ask', '{"question":'), 400, 'malformed-body');
    await expectProblem(post(hub, 'llm/ask', JSON.stringify({ question: 'x'.repeat(9_000) })), 413, 'body-too-large');
    await expectProblem(post(hub, 'llm/ask', JSON.stringify({ question: 'x'.repeat(501) })), 422, 'invalid-field');
    await expectProblem(post(hub, 'llm/ask', '{"question":"x","topic":"a"}'), 422, 'unknown-field');
    await expectProblem(post(hub, 'bell/notify', '{"user":"a.b"}'), 422, 'invalid-field');
    await expectProblem(post(hub, 'support/reply', '{"ticket":"*","text":"x","from":"agent"}'), 422, 'invalid-field');
    await expectProblem(post(hub, 'support/reply', '{"ticket":"a.b","text":"x","from":"agent"}'), 422, 'invalid-field');
    for (const path of ['llm/toString', 'llm/nothing', 'nothing/ask'])
      await expectProblem(post(hub, path, '{}'), 404, 'not-found');
    await expectProblem(request(`${hub.url}/demo/llm/ask`), 405, 'method-not-allowed');
  });

  test.runIf(reachable)('begins no more than ten things at once', async () => {
    const hub = await startTestHub(development);
    const answers = await Promise.all(Array.from({ length: 11 }, () => post(hub, 'llm/ask', '{"question":"x"}')));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(10).fill(200), 429]);
  });
});
