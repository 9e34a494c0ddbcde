import { createCellMap, createOwnCell, type OwnCell } from '@tidings/runtime';
import { describe, expect, it } from 'vitest';
import { startIngest, type TestIngest } from './fixture.ts';

const MAP = createCellMap({
  cells: new Map(
    ['eu-1', 'eu-2', 'us-1'].map((name) => [
      name,
      { edge: `https://${name}.example`, ingest: `https://in.${name}.example` },
    ]),
  ),
  tenants: new Map<string, string | { usersOver: string[] }>([
    ['acme', 'eu-2'],
    ['default', 'eu-1'],
    ['big', { usersOver: ['eu-1', 'eu-2'] }],
  ]),
  others: ['us-1'],
});
const cell = (name: string): OwnCell => createOwnCell(MAP, name, 'ingest');
// Whose topics are on the one and on the other cell.
const usersOn = (name: string): string[] =>
  ['ada', 'bob', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal'].filter(
    (user) => MAP.cellsOfTopic('big', `user.${user}`)[0] === name,
  );
const [here = '', there = ''] = [usersOn('eu-1')[0], usersOn('eu-2')[0]];

const tokenOf = (ingest: TestIngest, tenant: string): Promise<string> =>
  ingest.token(['>'], { tenant, tidings: { publish: ['>'], admin: true } });

describe('an ingest of another cell', () => {
  it('RFC 9110 section 15.5.20: refuses whatever a foreign tenant sends, names the right ingest, and stores nothing', async () => {
    const purged: unknown[] = [];
    const ingest = await startIngest({
      cell: cell('eu-1'),
      wrap: () => ({ purge: async (selection) => void purged.push(selection) }),
    });
    const token = await tokenOf(ingest, 'acme');
    const answers = [
      await ingest.publish({ topic: 'a', data: 1 }, { token }),
      await ingest.publish(
        [
          { topic: 'a', data: 1 },
          { user: 'ada', data: 2 },
        ],
        { token },
      ),
      await ingest.raw('a', 'text', '', { token }),
      await ingest.send('/v1/users/ada/events', { token, body: '1', headers: { 'Content-Type': 'text/plain' } }),
      await ingest.send('/v1/topics/a/events', { token, method: 'DELETE' }),
      await ingest.send('/v1/users/ada/events', { token, method: 'DELETE' }),
    ];
    for (const { status, headers, body } of answers) {
      expect(status).toBe(421);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(headers['retry-after']).toBeUndefined();
      expect(body).toMatchObject({ code: 'wrong-cell', status: 421, host: 'https://in.eu-2.example' });
      expect(body.detail).toContain('https://in.eu-2.example');
    }
    expect((await ingest.publish({ topic: 'a', data: 1 }, { token: await tokenOf(ingest, 'nobody') })).body.host).toBe(
      'https://in.us-1.example',
    );
    expect([ingest.messages, purged]).toEqual([[], []]);
    expect((await ingest.publish({ topic: 'a', data: 'own' })).status).toBe(202);
    expect(ingest.texts()).toEqual(['own']);
  });
});

describe('an ingest of a tenant whose users are spread', () => {
  it('takes what is for its users and for all, and gives each other event of a batch a 421 of its own', async () => {
    const ingest = await startIngest({ cell: cell('eu-1') });
    const token = await tokenOf(ingest, 'big');
    const answer = await ingest.publish(
      [
        { user: here, data: 'here' },
        { user: there, data: 'there' },
        { topics: ['news', `user.${there}.inbox`], data: 'both' },
      ],
      { token },
    );
    expect(answer.status).toBe(207);
    expect(answer.body.results.map(({ status }: { status: number }) => status)).toEqual([202, 421, 202, 421]);
    expect(answer.body.results[1]).toMatchObject({
      index: 1,
      topic: `user.${there}`,
      problem: { code: 'wrong-cell', host: 'https://in.eu-2.example', topic: `user.${there}` },
    });
    expect(ingest.texts()).toEqual(['here', 'both']);
    const none = await ingest.publish(
      [
        { user: there, data: 1 },
        { user: there, data: 2 },
      ],
      { token },
    );
    expect([none.status, none.body.code, none.body.host]).toEqual([421, 'wrong-cell', 'https://in.eu-2.example']);
    expect(none.body.results).toHaveLength(2);
    const { values } = await ingest.metrics.eventsPublished.get();
    expect(values.find(({ labels }) => labels.result === 'wrong-cell')?.value).toBe(4);
  });

  it('erases of its users and of what all cells have, and sends away for the users of others', async () => {
    const ingest = await startIngest({ cell: cell('eu-1') });
    const token = await tokenOf(ingest, 'big');
    const erase = async (path: string): Promise<number> =>
      (await ingest.send(path, { token, method: 'DELETE' })).status;
    expect(await erase(`/v1/users/${here}/events`)).toBe(204);
    expect(await erase('/v1/topics/%3E/events')).toBe(204);
    expect(await erase(`/v1/users/${there}/events`)).toBe(421);
    expect(await erase(`/v1/topics/user.${there}.*/events`)).toBe(421);
  });
});
