import type { MsgHdrs } from 'nats';
import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../src/nats/jetstream-api.ts';
import { createStateStore, isMarker } from '../../src/nats/state-store.ts';
import { leaderStandIn } from '../nats-defect/stand-ins.ts';

const entry = (seq: number, value: string, headers = ''): StoredMessage => ({
  seq,
  subject: '$KV.tidings.a.b',
  data: Buffer.from(value).toString('base64'),
  hdrs: Buffer.from(headers).toString('base64'),
});
const MARKER = entry(9, '', 'NATS/1.0\r\nKV-Operation: DEL\r\nNats-TTL: 60s\r\n\r\n');
const WRONG_LAST = { error: { code: 400, err_code: 10071, description: 'wrong last sequence: 9' } };

/** A store whose leader has these entries, one after the other, and whose stream answers writes with these. */
function storeOf(newest: readonly (StoredMessage | undefined)[], answers: readonly (object | Error)[]) {
  const written: { subject: string; headers: MsgHdrs | undefined }[] = [];
  let looks = 0;
  const client = {
    request: async (subject: string, _payload: string, { headers }: { headers?: MsgHdrs }) => {
      const answer = answers[written.length];
      written.push({ subject, headers });
      if (answer instanceof Error) throw answer;
      return { json: () => answer };
    },
  } as unknown as Parameters<typeof createStateStore>[0];
  const api = leaderStandIn({ newest: async () => newest[looks++] });
  return { store: createStateStore(client, api), written };
}

describe('taking an entry', () => {
  it('is bound to the very entry that was read', async () => {
    const { store, written } = storeOf([entry(7, 'grant')], [{ seq: 8 }]);
    expect(await store.take('a.b')).toBe('grant');
    expect(written.map(({ subject }) => subject)).toEqual(['$KV.tidings.a.b']);
    expect(written[0]?.headers?.get('Nats-Expected-Last-Subject-Sequence')).toBe('7');
    expect(written[0]?.headers?.get('KV-Operation')).toBe('DEL');
  });

  it.each([
    ['has none', [undefined]],
    ['has a marker', [MARKER]],
  ])('answers nothing and writes nothing where the leader %s', async (_what, newest) => {
    const { store, written } = storeOf(newest, []);
    expect(await store.take('a.b')).toBeUndefined();
    expect(written).toEqual([]);
  });

  it('answers nothing when another was first', async () => {
    const { store } = storeOf([entry(7, 'grant'), MARKER], [WRONG_LAST]);
    expect(await store.take('a.b')).toBeUndefined();
  });

  it('takes what was put in its place meanwhile', async () => {
    const { store, written } = storeOf([entry(7, 'old'), entry(8, 'new')], [WRONG_LAST, { seq: 9 }]);
    expect(await store.take('a.b')).toBe('new');
    expect(written[1]?.headers?.get('Nats-Expected-Last-Subject-Sequence')).toBe('8');
  });

  it.each([
    ['is lost', new Error('TIMEOUT')],
    ['is a fault of the server', { error: { code: 503, err_code: 10077, description: 'insufficient resources' } }],
  ])(
    'hands out nothing when the answer %s, and does not try again: it may be its own marker that it would meet',
    async (_what, answer) => {
      const { store, written } = storeOf([entry(7, 'grant'), entry(7, 'grant')], [answer]);
      await expect(store.take('a.b')).rejects.toMatchObject({ code: 'unavailable', details: { retryAfterSec: 1 } });
      expect(written).toHaveLength(1);
    },
  );

  it('gives up where others change the entry all the time', async () => {
    const { store } = storeOf(
      Array.from({ length: 9 }, (_, at) => entry(at + 1, 'x')),
      Array.from({ length: 9 }, () => WRONG_LAST),
    );
    await expect(store.take('a.b')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('putting an entry', () => {
  it('answers its place, and gives it a time to live', async () => {
    const { store, written } = storeOf([], [{ stream: 'KV_tidings', seq: 12 }]);
    expect(await store.put('a.b', 'x', 30)).toBe(12);
    expect(written[0]?.headers?.get('Nats-TTL')).toBe('30s');
  });

  it.each([
    ['is lost', new Error('503')],
    ['is a refusal, of a full bucket for one', { error: { err_code: 10077, description: 'maximum bytes exceeded' } }],
    ['is none of JetStream', {}],
  ])('is unavailable when the answer %s', async (_what, answer) => {
    const { store, written } = storeOf([], [answer]);
    await expect(store.put('a.b', 'x', 30)).rejects.toMatchObject({ code: 'unavailable' });
    expect(written).toHaveLength(1);
  });
});

it('what other tools delete or the server ends is no entry either', () => {
  expect(isMarker('NATS/1.0\r\nKV-Operation: PURGE\r\n\r\n')).toBe(true);
  expect(isMarker('NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\n\r\n')).toBe(true);
  expect(isMarker('NATS/1.0\r\nNats-TTL: 5s\r\n\r\n')).toBe(false);
  expect(isMarker('')).toBe(false);
});
