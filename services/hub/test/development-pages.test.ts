import { createLogger, loadSettings } from '@tidings/runtime';
import { CERTIFICATE, request, sendRaw, toTlsVariables, writeCertificate } from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Hub, startHub } from '../src/hub.ts';
import { startTestHub } from './fixture.ts';

let hub: Hub;
const certificate = CERTIFICATE && writeCertificate(CERTIFICATE);

beforeAll(async () => {
  const tls = certificate && toTlsVariables(certificate);
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', ...tls });
  hub = await startHub(settings, createLogger('hub', 'fatal', { write() {} }));
});
afterAll(async () => {
  await hub.stop();
  certificate?.remove();
});

interface Asked {
  readonly token?: string | undefined;
  readonly body?: string;
}

async function post(url: string, path: string, { token, body = '{}' }: Asked = {}): Promise<[number, unknown]> {
  const answer = await request(`${url}/console/development/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body,
  });
  const said = (await answer.json()) as Record<string, unknown>;
  return [answer.status, said.code ?? said];
}

describe('what the console is offered in development', () => {
  test('is told to whoever asks from this machine, and to nobody else', async () => {
    const answer = await request(`${hub.url}/console/development`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { development: true, faults: [{ name: 'drop-connection' }] },
    ]);
    // A page elsewhere that points a name of its own here.
    const send = (head: string, body = ''): ReturnType<typeof sendRaw> =>
      sendRaw(
        Number(new URL(hub.url).port),
        `${head} HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${hub.kit?.adminToken}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
    expect((await send('GET /console/development')).body).toContain('{"development":false}');
    const refused = await send('POST /console/development/tokens', '{"lifetimeSec":60}');
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('"code":"forbidden"')]);
  });

  test.each(['tokens', 'faults/drop-connection'])('POST %s is for an admin alone', async (path) => {
    const asked = { body: '{"lifetimeSec":60}' };
    expect(await post(hub.url, path, asked)).toEqual([401, 'unauthenticated']);
    expect(await post(hub.url, path, { ...asked, token: 'a.b.c' })).toEqual([403, 'forbidden']);
    expect(await post(hub.url, path, { ...asked, token: hub.kit?.publishToken })).toEqual([403, 'forbidden']);
  });

  test('has no other faults, and takes no body that is not what it asks for', async () => {
    const token = hub.kit?.adminToken;
    expect(await post(hub.url, 'faults/meteor', { token })).toEqual([404, 'not-found']);
    expect(await post(hub.url, 'faults/drop-connection', { token, body: '{"target":"nobody"}' })).toEqual([
      404,
      'not-found',
    ]);
    expect(await post(hub.url, 'faults/drop-connection', { token, body: '{"target":3}' })).toEqual([
      422,
      'invalid-field',
    ]);
    const bodies = ['{"lifetimeSec":60,"iss":"me"}', '{}', '{"lifetimeSec":2678401}', '{"lifetimeSec":60,"tenant":""}'];
    const answers = await Promise.all(bodies.map((body) => post(hub.url, 'tokens', { token, body })));
    expect(answers).toEqual([
      [422, 'unknown-field'],
      [422, 'invalid-field'],
      [422, 'invalid-field'],
      [422, 'invalid-field'],
    ]);
    expect(await post(hub.url, 'tokens', { token, body: '{' })).toEqual([400, 'malformed-body']);
    const large = JSON.stringify({ lifetimeSec: 60, sub: 'a'.repeat(200_000) });
    expect(await post(hub.url, 'tokens', { token, body: large })).toEqual([413, 'body-too-large']);
  });

  test('mints a token with the claims that were asked for, which the hub takes', async () => {
    const claims = { sub: 'bob', tidings: { subscribe: ['a'], publish: ['b'] } };
    const body = JSON.stringify({ lifetimeSec: 60, ...claims });
    const [status, said] = await post(hub.url, 'tokens', { token: hub.kit?.adminToken, body });
    expect(status).toBe(201);
    const { token } = said as { token: string };
    const minted = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
    expect(minted).toMatchObject(claims);
    expect(minted.exp - minted.iat).toBe(60);
    const read = (topic: string): Promise<Response> =>
      request(`${hub.url}/v1/topics/${topic}/events`, { headers: { authorization: `Bearer ${token}` } });
    expect([(await read('a')).status, (await read('b')).status]).toEqual([200, 403]);
  });
});

test('a hub with a key of its own offers nothing, whoever asks', async () => {
  const production = await startTestHub();
  const token = await production.token({ admin: true });
  const answer = await request(`${production.url}/console/development`);
  expect(await answer.json()).toEqual({ development: false });
  for (const path of ['tokens', 'faults/drop-connection']) {
    expect(await post(production.url, path, { token, body: '{"lifetimeSec":60}' })).toEqual([404, 'not-found']);
  }
});
