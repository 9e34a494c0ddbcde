import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { expect, test } from 'vitest';
import { type Answer, startIngest, type TestIngest, textOf } from './fixture.ts';

const START = Date.UTC(2026, 10, 21);
const at = (ms: number): string => new Date(START + ms).toISOString();

async function start(): Promise<{ ingest: TestIngest; clock: FakeClock }> {
  const clock = createFakeClock(START);
  return { ingest: await startIngest({ clock }), clock };
}

const get = (ingest: TestIngest, path: string, token?: string): Promise<Answer> =>
  ingest.send(`/v1/schedules${path}`, { method: 'GET', ...(token !== undefined && { token }) });
const cancel = (ingest: TestIngest, id: string, token?: string): Promise<Answer> =>
  ingest.send(`/v1/schedules/${id}`, { method: 'DELETE', ...(token !== undefined && { token }) });

test('an event with at or delay is published at its time; by each of the routes, to several topics, in batches', async () => {
  const { ingest, clock } = await start();
  const one = await ingest.publish({ topic: 'a', data: 'by at', at: '2026-11-21T01:00:10+01:00' });
  expect([one.status, one.body]).toEqual([202, { topic: 'a', schedule: { id: expect.any(String), at: at(10_000) } }]);
  const raw = await ingest.raw('b', 'raw', 'delay=20');
  expect(raw.body).toEqual({ topic: 'b', schedule: { id: expect.any(String), at: at(20_000) } });
  const many = await ingest.publish([
    { topics: ['c', 'd'], data: 'fan-out', delay: 30 },
    { topic: 'e', data: 'now' },
    { topic: 'e', data: 'never', delay: -1 },
  ]);
  expect(many.status).toBe(207);
  const outcomes = many.body.results.map(
    (result: Answer['body']) => result.schedule?.at ?? result.id ?? result.problem.pointer,
  );
  expect(outcomes).toEqual([at(30_000), at(30_000), expect.stringContaining('.'), '/delay']);
  expect(ingest.texts()).toEqual(['now']);
  for (const texts of [
    ['now', 'by at'],
    ['now', 'by at', 'raw'],
    ['now', 'by at', 'raw', 'fan-out', 'fan-out'],
  ]) {
    clock.advance(10_000);
    expect(ingest.texts()).toEqual(texts);
  }
  expect(ingest.messages.map(({ topic }) => topic)).toEqual(['e', 'a', 'b', 'c', 'd']);
  const text = await ingest.metrics.text();
  expect(text).toContain('tidings_events_published_total{result="scheduled"} 4');
});

test('the same id is one schedule, with the time of the first, and a time that has passed is now, once', async () => {
  const { ingest, clock } = await start();
  const event = { topic: 'a', data: 'x', id: 'k', delay: 10 };
  const first = await ingest.publish(event);
  clock.advance(5_000);
  const again = await ingest.publish(event);
  expect(again.body).toEqual({ ...first.body, duplicate: true });
  clock.advance(5_000);
  expect((await ingest.publish({ ...event, delay: undefined, at: at(10_000) })).body.duplicate).toBe(true);
  const past = await ingest.publish({ topic: 'a', data: 'past', at: '1066-10-14T00:00:00Z' });
  expect(past.body.schedule.at).toBe('1970-01-01T00:00:00.000Z');
  clock.advance(1_000);
  expect(ingest.texts()).toEqual(['x', 'past']);
});

test.each([
  [{ at: at(1_000), delay: 1 }, '/delay', 'An event has at or delay, not both.'],
  [{ at: 'tomorrow' }, '/at', 'at is no RFC 3339 time, such as 2026-12-24T18:00:00Z.'],
  [{ at: '2026-02-30T00:00:00Z' }, '/at', 'at is no RFC 3339 time, such as 2026-12-24T18:00:00Z.'],
  [{ at: '2026-11-22T00:00:00' }, '/at', 'at is no RFC 3339 time, such as 2026-12-24T18:00:00Z.'],
  [{ at: at(366 * 86_400_000 + 1) }, '/at', 'at is more than 366 days ahead.'],
  [{ delay: 366 * 86_400 + 1 }, '/delay', undefined],
  [{ delay: 1.5 }, '/delay', undefined],
])('what is no time to publish at is 422, with the place of the fault: %j', async (fields, pointer, detail) => {
  const { ingest } = await start();
  const { status, body } = await ingest.publish({ topic: 'a', data: 'x', ...fields });
  expect([status, body.code, body.pointer]).toEqual([422, 'invalid-field', pointer]);
  if (detail !== undefined) expect(body.detail).toBe(detail);
  const [[name, value] = []] = Object.entries(fields);
  const raw = await ingest.raw('a', 'x', new URLSearchParams({ [`${name}`]: `${value}` }).toString());
  if (pointer === `/${name}`) expect([raw.status, raw.body.parameter]).toEqual([422, name]);
});

test('a zone whose + came as a space, as a URL that does not encode it says it, is told what to write', async () => {
  const { ingest } = await start();
  const { status, body } = await ingest.raw('a', 'x', 'at=2026-11-21T10:00:00+02:00');
  expect([status, body.parameter, body.detail]).toEqual([422, 'at', expect.stringContaining('%2B')]);
  const encoded = await ingest.raw('a', 'x', 'at=2026-11-21T10:00:00%2B02:00');
  expect([encoded.status, encoded.body.schedule?.at]).toEqual([202, at(8 * 3_600_000)]);
});

test('who may publish to a topic sees and cancels what is scheduled on it, in their tenant, and nobody else', async () => {
  const { ingest, clock } = await start();
  const ids: string[] = [];
  for (const topic of ['a.1', 'b', 'a.2', 'a.3']) {
    ids.push((await ingest.publish({ topic, event: 'e', data: topic, delay: 60 })).body.schedule.id);
  }
  const [a1 = '', b = '', a2 = ''] = ids;
  const mine = await ingest.token(['a.*']);
  const view = { id: a1, topic: 'a.1', event: 'e', at: at(60_000) };
  const page = await get(ingest, '?limit=2', mine);
  expect(page.body).toEqual({ schedules: [view, { ...view, id: a2, topic: 'a.2' }], next: expect.any(String) });
  const rest = await get(ingest, `?limit=2&after=${page.body.next}`, mine);
  expect([rest.body.schedules.length, rest.body.next]).toEqual([1, undefined]);
  expect((await get(ingest, `/${a1}`, mine)).body).toEqual(view);
  const stranger = await ingest.token(['>'], { tenant: 'acme' });
  for (const [id, token] of [
    [b, mine],
    [a1, stranger],
    ['none', mine],
    ['a.%2A', mine],
  ] as const) {
    expect([(await get(ingest, `/${id}`, token)).status, (await cancel(ingest, id, token)).status]).toEqual([404, 404]);
  }
  expect((await get(ingest, '', stranger)).body).toEqual({ schedules: [] });
  for (const query of ['?limit=0', '?limit=1001', '?after=!', '?x=1'])
    expect((await get(ingest, query)).status).toBe(422);
  expect((await get(ingest, '', '')).status).toBe(401);
  const gone = await cancel(ingest, a1, mine);
  expect([gone.status, gone.text]).toEqual([204, '']);
  expect((await cancel(ingest, a1, mine)).status).toBe(404);
  clock.advance(60_000);
  expect(ingest.messages.map(textOf)).toEqual(['b', 'a.2', 'a.3']);
  expect((await cancel(ingest, b)).status).toBe(404);
  const deeds = ingest.lines.filter(({ msg }) => msg === 'audit').map(({ audit, topics }) => [audit, `${topics}`]);
  expect(deeds).toContainEqual(['unscheduled', 'a.1']);
});

test('a tenant that has too many waiting is told so with 429, and when to try again', async () => {
  const { ingest } = await start();
  const event = { topic: 'a', data: 'x', delay: 60 };
  const full = Array.from({ length: 1_000 }, () => event);
  for (let n = 0; n < 10; n += 1) expect((await ingest.publish(full)).status).toBe(202);
  const { status, headers, body } = await ingest.publish(event);
  expect([status, body.code, headers['retry-after']]).toEqual([429, 'too-many-schedules', '60']);
});

test('a page is read in pieces, since each that waits has its payload with it', async () => {
  const wishes: number[] = [];
  const ingest = await startIngest({
    wrap: ({ schedules }) => ({
      schedules: {
        ...schedules,
        list(tenant, from, limit) {
          wishes.push(limit);
          return schedules.list(tenant, from, limit);
        },
      },
    }),
  });
  await ingest.publish(Array.from({ length: 100 }, (_, place) => ({ topic: `t.${place}`, data: 'x', delay: 60 })));
  const { body } = await get(ingest, '?limit=90');
  expect([body.schedules.length, body.schedules.at(-1).topic, typeof body.next]).toEqual([90, 't.89', 'string']);
  expect(Math.max(...wishes)).toBeLessThanOrEqual(32);
  expect((await get(ingest, `?after=${body.next}`)).body.schedules).toHaveLength(10);
});
