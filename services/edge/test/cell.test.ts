import { createCellMap, createOwnCell, type OwnCell } from '@tidings/runtime';
import { request } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { NATIVE, startEdge, type TestEdge } from './fixture.ts';

const MAP = createCellMap({
  cells: new Map(
    ['eu-1', 'eu-2'].map((name) => [name, { edge: `https://${name}.example`, ingest: `https://in.${name}.example` }]),
  ),
  tenants: new Map<string, string | { usersOver: string[] }>([
    ['acme', 'eu-2'],
    ['big', { usersOver: ['eu-1', 'eu-2'] }],
  ]),
  others: ['eu-1'],
});
const cell = (name: string): OwnCell => createOwnCell(MAP, name, 'edge');
const userOn = (name: string): string =>
  ['ada', 'bob', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal'].find(
    (user) => MAP.cellsOfTopic('big', `user.${user}`)[0] === name,
  ) as string;

const bearerOf = async (edge: TestEdge, tenant: string, sub = 'ada'): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${await edge.token({ subscribe: ['>'], admin: true }, { tenant, sub })}`,
});

describe('an edge of another cell', () => {
  it('RFC 9110 section 15.5.20: refuses each request of a foreign tenant, and names the right edge', async () => {
    const edge = await startEdge({ cell: cell('eu-1') });
    const headers = await bearerOf(edge, 'acme');
    const session = '/v1/sessions/01234567-abc';
    const asked: [method: string, path: string, body?: object][] = [
      ['GET', '/v1/stream?topic=a'],
      ['GET', '/v1/stream'],
      ['POST', '/v1/stream', { topic: ['a'] }],
      ['GET', '/v1/topics/a/events'],
      ['GET', '/v1/topics/a/presence'],
      ['GET', '/v1/position'],
      ['GET', '/v1/sessions'],
      ['GET', session],
      ['PATCH', session, {}],
      ['DELETE', session],
      ['POST', '/v1/revocations', { user: 'ada' }],
      ['POST', '/v1/tickets', {}],
    ];
    for (const [method, path, body] of asked) {
      const answer = await request(`${edge.url}${path}`, {
        method,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      expect(answer.status, `${method} ${path}`).toBe(421);
      expect(await answer.json()).toMatchObject({ code: 'wrong-cell', host: 'https://eu-2.example' });
    }
    const { values } = await edge.metrics.connectionsTotal.get();
    // `fetch` asks once more over another connection, as the Fetch standard has it (HTTP-network-or-cache fetch).
    expect(values.find(({ labels }) => labels.result === 'wrong-cell')?.value).toBeGreaterThanOrEqual(3);
  });

  it('ends a native EventSource with it, for coming back is no use; and opens the stream of a tenant of its own', async () => {
    const edge = await startEdge({ cell: cell('eu-1') });
    const refused = await edge.stream('topic=a', { headers: { ...NATIVE, ...(await bearerOf(edge, 'acme')) } });
    expect(refused.status).toBe(421);
    expect((await edge.stream('topic=a', { headers: { ...NATIVE, ...(await bearerOf(edge, 'mine')) } })).status).toBe(
      200,
    );
  });

  it('holds who comes without a token to the cell of the tenant "default"', async () => {
    const edge = await startEdge({ cell: cell('eu-2'), classes: { news: { public: true } } });
    expect((await edge.stream('topic=news', { headers: {} })).status).toBe(421);
  });
});

describe('an edge of a tenant whose users are spread', () => {
  it('serves its own users and what all cells have, and sends away for the topics of other users', async () => {
    const edge = await startEdge({ cell: cell('eu-1') });
    const statusOf = async (query: string, user: string): Promise<number> =>
      (await edge.stream(query, { headers: await bearerOf(edge, 'big', user) })).status;
    const [here, there] = [userOn('eu-1'), userOn('eu-2')];
    expect(await statusOf('', here)).toBe(200);
    expect(await statusOf('', there)).toBe(421);
    expect(await statusOf('topic=news', there)).toBe(200);
    expect(await statusOf(`topic=news&topic=user.${there}.inbox`, here)).toBe(421);
    expect(await statusOf('topic=user.*', here)).toBe(200);
    const page = await edge.get(`/v1/topics/user.${there}/events`, await bearerOf(edge, 'big'));
    expect([page.status, (await page.json()).host]).toEqual([421, 'https://eu-2.example']);
  });

  it('adds no topic of a user of another cell to an open stream', async () => {
    const edge = await startEdge({ cell: cell('eu-1') });
    const headers = await bearerOf(edge, 'big', userOn('eu-1'));
    const stream = await edge.stream('topic=news', { headers });
    const change = async (topic: string): Promise<number> => {
      const answer = await request(`${edge.url}/v1/sessions/${stream.headers['tidings-session']}`, {
        method: 'PATCH',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ add: [topic] }),
      });
      return answer.status;
    };
    expect(await change(`user.${userOn('eu-2')}`)).toBe(421);
    expect(await change('more')).toBe(200);
  });
});
