import { watchForLeaks } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startIngest } from './fixture.ts';

const utf16 = Buffer.from('\ufeff{"topic":"a","data":1}', 'utf16le');

describe('bodies that are no JSON', () => {
  it.each<readonly [string, string | Uint8Array]>([
    ['empty', ''],
    ['blank', ' \n'],
    ['truncated', '{"topic":"a","data":'],
    ['truncated in a string', '{"topic":"a'],
    ['truncated in an escape', '{"topic":"\\u00'],
    ['with a trailing comma', '{"topic":"a","data":1,}'],
    ['with a second value', '{"topic":"a","data":1}{}'],
    ['with single quotes', "{'topic':'a','data':1}"],
    ['with a comment', '{"topic":"a","data":1}//'],
    ['with NaN', '{"topic":"a","data":NaN}'],
    ['with undefined', '{"topic":"a","data":undefined}'],
    ['with a hexadecimal number', '{"topic":"a","data":0x1}'],
    ['with a leading zero', '{"topic":"a","data":01}'],
    ['with a line break in a string', '{"topic":"a","data":"\n"}'],
    ['with NUL in a string', '{"topic":"a","data":"\0"}'],
    ['with NUL after it', '{"topic":"a","data":1}\0'],
    ['with a byte order mark', '\ufeff{"topic":"a","data":1}'],
    ['in UTF-16', utf16],
    ['in UTF-16 without a mark', utf16.subarray(2)],
    ['not UTF-8', Buffer.from([...Buffer.from('{"topic":"a","data":"'), 0xff, ...Buffer.from('"}')])],
    ['with an overlong byte sequence', Buffer.from([...Buffer.from('{"topic":"a","data":"'), 0xc0, 0xaf, 0x22, 0x7d])],
    ['of a form', 'topic=a&data=1'],
  ])('hardening section 1: a body %s is 400 malformed-body', async (_name, body) => {
    const ingest = await startIngest();
    const answer = await ingest.publish(undefined, { body });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: 'urn:tidings:problem:malformed-body', code: 'malformed-body' });
    expect(ingest.messages).toEqual([]);
  });

  it('section 5: the problem says where, when the parser knows, and never quotes the body', async () => {
    const ingest = await startIngest();
    const { text, body } = await ingest.publish(undefined, { body: '{"topic":"a","data":1,"secret":"hunter2" oops}' });
    expect(body.position).toBe(41);
    expect(text).not.toMatch(/hunter2|oops/);
    const short = await ingest.publish(undefined, { body: '{"hunter2":}' });
    expect(short.text).not.toContain('hunter2');
  });
});

describe('JSON that wants to break something', () => {
  it.each([
    ['10,000 arrays', 10_000, '[', ']'],
    ['200,000 arrays', 200_000, '[', ']'],
    ['200,000 objects', 200_000, '{"a":', '}'],
  ])(
    'hardening section 1: %s deep: refused or delivered, and no stack overflows',
    async (_name, depth, open, close) => {
      const ingest = await startIngest();
      const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
      const inData = await ingest.publish(undefined, { body: `{"topic":"a","data":${nested}}` });
      expect([inData.status, inData.body.pointer]).toEqual([422, '/data']);
      expect((await ingest.publish(undefined, { body: nested })).status).toBe(422);
      expect((await ingest.publish(undefined, { body: `{"topic":${nested},"data":1}` })).status).toBe(422);
      expect((await ingest.publish(undefined, { body: `{"topics":${nested},"data":1}` })).status).toBe(422);
      expect((await ingest.publish(undefined, { body: open.repeat(depth) })).status).toBe(400);
      expect(ingest.messages).toEqual([]);
      const raw = await ingest.raw('a', nested, '', { headers: { 'Content-Type': 'application/json' } });
      expect(raw.status).toBe(nested.length > 262_144 ? 413 : 202);
      expect(ingest.texts()).toEqual(raw.status === 202 ? [nested] : []);
    },
  );

  it('section 5: JSON of ordinary depth is delivered', async () => {
    const ingest = await startIngest();
    const nested = `${'['.repeat(500)}${']'.repeat(500)}`;
    expect((await ingest.publish(undefined, { body: `{"topic":"a","data":${nested}}` })).status).toBe(202);
    expect(ingest.texts()).toEqual([nested]);
  });

  it('hardening section 1: a million keys in data, and very many at the top, are refused', async () => {
    const ingest = await startIngest({ maxBodyBytes: 2 ** 24 });
    const keys = Array.from({ length: 1_000_000 }, (_, number) => `"${number}":0`);
    expect((await ingest.publish(undefined, { body: `{"topic":"a","data":{${keys.join()}}}` })).status).toBe(413);
    const top = await ingest.publish(undefined, { body: `{"topic":"a","data":1,${keys.slice(0, 100_000).join()}}` });
    expect([top.status, top.body.pointer, top.text.length < 1_000]).toEqual([422, '/0', true]);
    expect(ingest.messages).toEqual([]);
  });

  it('hardening section 1: __proto__ and constructor inside data are data, and pollute nothing', async () => {
    const ingest = await startIngest();
    const data = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null}';
    expect((await ingest.publish(undefined, { body: `{"topic":"a","data":${data}}` })).status).toBe(202);
    expect(ingest.texts()).toEqual([data]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each([
    ['__proto__', '{"topic":"a","data":1,"__proto__":{"polluted":1}}'],
    ['__proto__', '{"__proto__":{"topic":"a","data":1}}'],
    ['__proto__', '{"topic":"a","__proto__":{"data":1}}'],
    ['constructor', '{"topic":"a","data":1,"constructor":{"prototype":{"polluted":1}}}'],
    ['toString', '{"topic":"a","data":1,"toString":1}'],
    ['hasOwnProperty', '{"topic":"a","data":1,"hasOwnProperty":1}'],
  ])('hardening section 1: %s at the top is an unknown field like any other: %s', async (name, body) => {
    const ingest = await startIngest();
    const answer = await ingest.publish(undefined, { body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'unknown-field', pointer: `/${name}` });
    expect(ingest.messages).toEqual([]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('hardening section 1: of duplicate keys the last wins, at the top too', async () => {
    const ingest = await startIngest();
    await ingest.publish(undefined, { body: '{"topic":"a","data":1,"topic":"b","data":2}' });
    expect(ingest.messages.map(({ topic }) => topic)).toEqual(['b']);
    expect(ingest.texts()).toEqual(['2']);
  });

  it('the last of two topics is the one that the token is checked for', async () => {
    const ingest = await startIngest();
    const body = '{"topic":"mine","data":1,"topic":"theirs"}';
    expect((await ingest.publish(undefined, { body, token: await ingest.token(['mine']) })).status).toBe(403);
    expect(ingest.messages).toEqual([]);
  });

  it('after all of this nothing is left open', async () => {
    const leaks = watchForLeaks();
    const ingest = await startIngest();
    for (const body of ['{', '['.repeat(200_000), '{"__proto__":1}', '\0']) await ingest.publish(undefined, { body });
    expect((await ingest.publish({ topic: 'a', data: 1 })).status).toBe(202);
    await ingest.stop();
    await leaks();
  });
});
