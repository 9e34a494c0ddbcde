import { createFakeClock, request } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { send, startPair } from './control-fixture.ts';
import { ALLOWED_ORIGIN, type TestEdge } from './fixture.ts';
import { controlOf } from './received.ts';

const issue = async (edge: TestEdge, token?: string): Promise<string> => {
  const { status, body } = await send(edge, 'POST', '/v1/tickets', token ?? (await edge.token({ subscribe: ['a'] })));
  expect([status, body.expiresIn]).toEqual([201, 30]);
  return body.ticket;
};
const statusWith = async (edge: TestEdge, ticket: string): Promise<number> => {
  const client = await edge.stream(`topic=a&access_token=${ticket}`, { headers: { accept: 'text/event-stream' } });
  client.destroy();
  return client.status;
};

describe('section 3: tickets', () => {
  it('a ticket works once, on any edge, and grants what its token does', async () => {
    const { here, there } = await startPair();
    const ticket = await issue(here);
    expect(ticket).toMatch(/^tdt_[\w-]{43}$/);
    const client = await there.stream(`topic=a&access_token=${ticket}`, { headers: {} });
    expect(client.headers['referrer-policy']).toBe('no-referrer');
    expect((await controlOf(client, 'hub.hello')).topics).toEqual(['a']);
    expect(await statusWith(there, ticket)).toBe(401);
    expect(await statusWith(here, ticket)).toBe(401);
    const narrow = await issue(here);
    expect((await request(`${there.url}/v1/stream?topic=b&access_token=${narrow}`)).status).toBe(403);
    for (const { lines } of [here, there]) expect(JSON.stringify(lines)).not.toMatch(/tdt_/);
  });

  it('of many that use one ticket at once, on both edges, exactly one succeeds', async () => {
    const { here, there } = await startPair();
    const ticket = await issue(here);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, each) => statusWith(each % 2 === 0 ? here : there, ticket)),
    );
    expect(statuses.toSorted()).toEqual([200, ...Array.from({ length: 19 }, () => 401)]);
  });

  it('a ticket is 401 after 30 s, and the stream that it opened ends with its token', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const [late, used] = [await issue(here), await issue(here, await here.token({ subscribe: ['a'] }, {}, 60))];
    const client = await there.stream(`topic=a&access_token=${used}`, { headers: {} });
    await client.event('hub.live');
    clock.advance(30_000);
    expect(await statusWith(there, late)).toBe(401);
    clock.advance(31_000);
    await client.end();
    expect(await controlOf(client, 'hub.bye')).toMatchObject({ reason: 'token-expired' });
  });

  it('a ticket of a token that was revoked meanwhile is 401', async () => {
    const { here, there } = await startPair();
    const ticket = await issue(here, await here.token({ subscribe: ['a'] }, { jti: 'lost' }));
    await send(there, 'POST', '/v1/revocations', await there.token({ admin: true }), { jti: 'lost' });
    expect(await statusWith(here, ticket)).toBe(401);
  });

  it('the cookie of an allowed origin gets one; a token in the URL, a ticket and no token get none', async () => {
    const { here, there } = await startPair();
    const cookie = { cookie: `tidings=${await here.token()}` };
    const post = (query: string, headers: Record<string, string>) =>
      request(`${here.url}/v1/tickets${query}`, { method: 'POST', headers });
    expect((await post('', { ...cookie, origin: ALLOWED_ORIGIN })).status).toBe(201);
    expect((await post('', { ...cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(`?access_token=${await here.token()}`, {})).status).toBe(403);
    expect((await post(`?access_token=${await issue(there)}`, {})).status).toBe(403);
    expect((await post('', {})).status).toBe(401);
    const wrong = await send(here, 'POST', '/v1/tickets', await here.token(), { ttl: 3_600 });
    expect([wrong.status, wrong.body.pointer]).toEqual([422, '/ttl']);
  });

  it('a ticket in a header or a cookie is a token that is not valid', async () => {
    const { here } = await startPair();
    const ticket = await issue(here);
    expect((await send(here, 'GET', '/v1/position', ticket)).status).toBe(401);
    const headers = { cookie: `tidings=${ticket}`, origin: ALLOWED_ORIGIN };
    expect((await request(`${here.url}/v1/position`, { headers })).status).toBe(401);
    expect(await statusWith(here, ticket)).toBe(200);
  });

  it('a stream by ticket is its user’s: it is listed and changed with the token', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const client = await here.stream(`topic=a&access_token=${await issue(there, token)}`, { headers: {} });
    const id = (await controlOf(client, 'hub.hello')).session;
    expect((await send(there, 'PATCH', `/v1/sessions/${id}`, token, { add: ['b'] })).body.topics).toEqual(['a', 'b']);
  });
});
