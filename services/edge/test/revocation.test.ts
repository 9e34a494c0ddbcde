import { createMemoryBus } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { openLive, send, startPair } from './control-fixture.ts';
import { startEdge } from './fixture.ts';
import { controlOf, payloadsUntil } from './received.ts';

const ALL = { subscribe: ['>'] };
const revoke = '/v1/revocations';

describe('section 8: revocations', () => {
  it('the streams of a token close on every edge, new ones are 401, and other tokens go on', async () => {
    const { here, there } = await startPair();
    const lost = await here.token(ALL, { jti: 'lost' });
    const kept = await here.token(ALL, { jti: 'kept' });
    const [a, b, other] = [
      await openLive(here, 'topic=a', lost),
      await openLive(there, 'topic=a', lost),
      await openLive(here, 'topic=a', kept),
    ];
    const startedMs = performance.now();
    const answer = await send(there, 'POST', revoke, await there.token({ admin: true }), { jti: 'lost' });
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    for (const { client } of [a, b]) {
      await client.end();
      expect(await controlOf(client, 'hub.bye')).toMatchObject({ reason: 'revoked' });
    }
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    for (const edge of [here, there]) {
      const refused = await send(edge, 'GET', '/v1/stream?topic=a', lost);
      expect([refused.status, refused.body.detail]).toEqual([401, 'Send a valid token.']);
      expect((await edge.get('/v1/position', { authorization: `Bearer ${kept}` })).status).toBe(200);
    }
    await here.publish('a', 'on');
    expect(await payloadsUntil(other.client, 'on')).toEqual(['on']);
  });

  it('of a user: tokens from before or at the moment are refused; later ones, and those of others, work', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const old = await here.token(ALL);
    const bob = await here.token(ALL, { sub: 'bob' });
    const { client } = await openLive(there, 'topic=a', old);
    const answer = await send(here, 'POST', revoke, await here.token({ admin: true }, { sub: 'root' }), {
      user: 'alice',
    });
    expect(answer.status).toBe(204);
    clock.advance(200);
    await client.end();
    clock.advance(1_000);
    const later = await here.token(ALL);
    const statusOf = async (token: string): Promise<number> => (await send(there, 'GET', '/v1/position', token)).status;
    expect([await statusOf(old), await statusOf(bob), await statusOf(later)]).toEqual([401, 200, 200]);
  });

  it('a moment can be named: later tokens go on, and a second revocation takes nothing back', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const admin = await here.token({ admin: true }, { sub: 'root' });
    const first = await here.token(ALL);
    const momentSec = Math.floor(clock.now() / 1000);
    clock.advance(5_000);
    const second = await here.token(ALL);
    const statusOf = async (token: string): Promise<number> => (await send(there, 'GET', '/v1/position', token)).status;
    await send(here, 'POST', revoke, admin, { user: 'alice', issuedBefore: momentSec });
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    await send(here, 'POST', revoke, admin, { user: 'alice' });
    await send(here, 'POST', revoke, admin, { user: 'alice', issuedBefore: momentSec - 100 });
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 401]);
  });

  it('an edge that starts later has it too, until no such token can be alive', async () => {
    const clock = createFakeClock();
    const bus = createMemoryBus();
    const here = await startEdge({ bus, clock, settings: { maxTokenAgeSec: 3_600 } });
    const lost = await here.token(ALL, { jti: 'lost' });
    await send(here, 'POST', revoke, await here.token({ admin: true }), { jti: 'lost' });
    const later = await startEdge({ bus, clock });
    expect((await send(later, 'GET', '/v1/position', lost)).status).toBe(401);
    clock.advance((3_600 + 86_400 + 10) * 1_000);
    const latest = await startEdge({ bus, clock });
    const reused = await here.token(ALL, { jti: 'lost' });
    expect((await send(latest, 'GET', '/v1/position', reused)).status).toBe(200);
  });

  it('a stream that was renewed by another token goes on, and ends with that one', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const admin = await here.token({ admin: true }, { sub: 'root' });
    const { client, path } = await openLive(here, 'topic=a', await here.token(ALL, { jti: 'first' }));
    clock.advance(2_000);
    await send(there, 'PATCH', path, await here.token(ALL, { jti: 'second' }));
    await send(there, 'POST', revoke, admin, { jti: 'first' });
    clock.advance(200);
    await here.publish('a', 'on');
    await payloadsUntil(client, 'on');
    await send(there, 'POST', revoke, admin, { jti: 'second' });
    clock.advance(200);
    await client.end();
  });

  it('topics that another token added make the stream rest upon both', async () => {
    const clock = createFakeClock();
    const { here, there } = await startPair({ clock });
    const older = await here.token(ALL, { jti: 'older' });
    clock.advance(2_000);
    const { client, path } = await openLive(here, 'topic=a', await here.token({ subscribe: ['a'] }, { jti: 'newer' }));
    expect((await send(there, 'PATCH', path, older, { add: ['b'] })).status).toBe(200);
    await send(there, 'POST', revoke, await here.token({ admin: true }, { sub: 'root' }), { jti: 'older' });
    clock.advance(200);
    await client.end();
  });

  it('users revoke their own, and nobody else’s', async () => {
    const { here, there } = await startPair();
    const token = await here.token(ALL, { jti: 'mine' });
    const other = await here.token(ALL, { jti: 'other' });
    const bob = await here.token(ALL, { sub: 'bob' });
    expect((await send(there, 'POST', revoke, token, { jti: 'other' })).status).toBe(403);
    expect((await send(there, 'POST', revoke, token, { user: 'bob' })).status).toBe(403);
    expect((await send(there, 'POST', revoke, undefined, { user: 'bob' })).status).toBe(401);
    expect((await send(there, 'POST', revoke, token, { jti: 'mine' })).status).toBe(204);
    expect((await send(here, 'GET', '/v1/position', token)).status).toBe(401);
    expect((await send(here, 'GET', '/v1/position', other)).status).toBe(200);
    expect((await send(there, 'POST', revoke, other, { user: 'alice' })).status).toBe(204);
    expect((await send(here, 'GET', '/v1/position', other)).status).toBe(401);
    expect((await send(here, 'GET', '/v1/position', bob)).status).toBe(200);
  });

  it('another tenant’s admin revokes nothing of ours', async () => {
    const { here, there } = await startPair();
    const ours = await here.token(ALL, { jti: 'same' });
    const admin = await here.token({ admin: true }, { tenant: 'acme' });
    expect((await send(there, 'POST', revoke, admin, { jti: 'same' })).status).toBe(204);
    expect((await send(there, 'POST', revoke, admin, { user: 'alice' })).status).toBe(204);
    expect((await send(here, 'GET', '/v1/position', ours)).status).toBe(200);
  });

  it.each([
    ['nothing', {}, '/jti'],
    ['both', { jti: 'a', user: 'b' }, '/user'],
    ['a moment for one token', { jti: 'a', issuedBefore: 1 }, '/issuedBefore'],
    ['a moment to come', { user: 'a', issuedBefore: 9e9 }, '/issuedBefore'],
    ['a moment that is text', { user: 'a', issuedBefore: '1' }, '/issuedBefore'],
    ['an empty name', { user: '' }, '/user'],
    ['a field that there is not', { sub: 'a' }, '/sub'],
  ])('%s is 422 and named', async (_what, body, pointer) => {
    const edge = await startEdge();
    const answer = await send(edge, 'POST', revoke, await edge.token({ admin: true }), body);
    expect([answer.status, answer.body.pointer]).toEqual([422, pointer]);
  });
});
