import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startIngest } from './fixture.ts';

const withKey = (key: string): { headers: Record<string, string> } => ({ headers: { 'Idempotency-Key': key } });

describe('idempotency', () => {
  it('section 5: the same id on the same topic is stored once, and the answer says so, whatever the body', async () => {
    const ingest = await startIngest();
    const first = await ingest.publish({ topic: 'a', data: 1, id: 'one' });
    const second = await ingest.publish({ topic: 'a', data: 'another', id: 'one', event: 'x' });
    expect(first.body).toEqual({ id: expect.any(String), topic: 'a' });
    expect(second.status).toBe(202);
    expect(second.body).toEqual({ ...first.body, duplicate: true });
    expect(ingest.texts()).toEqual(['1']);
  });

  it('section 5: the header Idempotency-Key is the same as an id, on every route', async () => {
    const ingest = await startIngest();
    const first = await ingest.publish({ topic: 'user.bob', data: 'x', id: 'one' });
    const duplicate = { ...first.body, duplicate: true };
    expect((await ingest.publish({ topic: 'user.bob', data: 'x' }, withKey('one'))).body).toEqual(duplicate);
    expect((await ingest.raw('user.bob', 'x', '', withKey('one'))).body).toEqual(duplicate);
    const headers = { 'Content-Type': 'text/plain', ...withKey('one').headers };
    expect((await ingest.send('/v1/users/bob/events', { body: 'x', headers })).body).toEqual(duplicate);
    expect(ingest.messages).toHaveLength(1);
  });

  it('section 5: the id of the event wins over the header', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topic: 'a', data: 1, id: 'mine' }, withKey('header'));
    expect((await ingest.publish({ topic: 'a', data: 2, id: 'mine' })).body.duplicate).toBe(true);
    expect((await ingest.publish({ topic: 'a', data: 3 }, withKey('header'))).body).not.toHaveProperty('duplicate');
  });

  it('section 5: in a batch the header counts with the place of each event', async () => {
    const ingest = await startIngest();
    const batch = [
      { topic: 'a', data: 1 },
      { topic: 'a', data: 2 },
      { topic: 'a', data: 3, id: 'own' },
    ];
    const first = await ingest.publish(batch, withKey('k'));
    expect(first.body.results.map(({ duplicate }: { duplicate?: true }) => duplicate)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const again = await ingest.publish(batch, withKey('k'));
    expect(again.status).toBe(202);
    expect(again.body.results).toEqual(first.body.results.map((result: object) => ({ ...result, duplicate: true })));
    expect(ingest.texts()).toEqual(['1', '2', '3']);
  });

  it('section 5: the same id twice in one batch is stored once', async () => {
    const ingest = await startIngest();
    const { body } = await ingest.publish([
      { topic: 'a', data: 1, id: 'x' },
      { topic: 'a', data: 2, id: 'x' },
    ]);
    expect(body.results).toMatchObject([{ status: 202 }, { status: 202, duplicate: true }]);
    expect(body.results[0].id).toBe(body.results[1].id);
    expect(ingest.texts()).toEqual(['1']);
  });

  it('section 5: a fan-out with an id that is repeated is stored once for each topic', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topics: ['a', 'b'], data: 1, id: 'x' });
    const { body } = await ingest.publish({ topics: ['a', 'b', 'c'], data: 1, id: 'x' });
    expect(body.results.map(({ duplicate }: { duplicate?: true }) => duplicate ?? false)).toEqual([true, true, false]);
    expect(ingest.messages.map(({ topic }) => topic)).toEqual(['a', 'b', 'c']);
  });

  it('section 5: another topic and another tenant know nothing of an id', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topic: 'a', data: 1, id: 'x' });
    expect((await ingest.publish({ topic: 'b', data: 1, id: 'x' })).body).not.toHaveProperty('duplicate');
    const token = await ingest.token(['>'], { tenant: 'acme' });
    expect((await ingest.publish({ topic: 'a', data: 1, id: 'x' }, { token })).body).not.toHaveProperty('duplicate');
    expect(ingest.messages.map(({ tenant, topic }) => `${tenant} ${topic}`)).toEqual([
      'default a',
      'default b',
      'acme a',
    ]);
  });

  it('section 5: an id is forgotten after two minutes', async () => {
    const clock = createFakeClock();
    const ingest = await startIngest({ clock });
    const publish = (): Promise<unknown> =>
      ingest.publish({ topic: 'a', data: 1, id: 'x' }).then(({ body }) => body.duplicate ?? false);
    expect(await publish()).toBe(false);
    clock.advance(119_999);
    expect(await publish()).toBe(true);
    clock.advance(1);
    expect(await publish()).toBe(false);
    expect(ingest.messages).toHaveLength(2);
  });

  it('section 5: an id means nothing for an event that is not stored', async () => {
    const ingest = await startIngest();
    for (let time = 0; time < 2; time += 1) {
      const { body } = await ingest.publish({ topic: 'a', data: 1, id: 'x', store: false });
      expect(body).toEqual({ topic: 'a' });
    }
    expect(ingest.messages).toHaveLength(2);
  });

  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['of 1 KB', 'k'.repeat(1_024)],
    ['with a tab', 'a\tb'],
    ['with a C1 control', 'a\u0085b'],
  ])('hardening section 1: an Idempotency-Key %s is 422 and names the header', async (_name, key) => {
    const ingest = await startIngest();
    for (const answer of [
      await ingest.publish({ topic: 'a', data: 1 }, withKey(key)),
      await ingest.publish([{ topic: 'a', data: 1 }], withKey(key)),
      await ingest.raw('a', 'x', '', withKey(key)),
    ]) {
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'invalid-field', parameter: 'Idempotency-Key' });
    }
    expect(ingest.messages).toEqual([]);
  });

  it('section 5: ids may have 255 characters, blanks, quotes and emoji', async () => {
    const ingest = await startIngest();
    for (const id of ['k'.repeat(255), ' a ', '"quoted"', '😀', '__proto__', '%0A']) {
      expect((await ingest.publish({ topic: 'a', data: 1, id })).body).not.toHaveProperty('duplicate');
      expect((await ingest.publish({ topic: 'a', data: 1, id })).body.duplicate).toBe(true);
    }
  });
});
