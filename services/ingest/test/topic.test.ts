import { describe, expect, it } from 'vitest';
import { startIngest } from './fixture.ts';

// A topic as publishers write it, and whether it is one; an illegal one must be refused in every place.
const TOPICS: readonly (readonly [name: string, topic: string, legal: boolean])[] = [
  ['plain', 'orders.42', true],
  ['of 16 tokens', Array(16).fill('a').join('.'), true],
  ['of 17 tokens', Array(17).fill('a').join('.'), false],
  ['of 255 bytes', 'a'.repeat(255), true],
  ['of 256 bytes', 'a'.repeat(256), false],
  ['of 255 bytes in two-byte letters', `a${'ä'.repeat(127)}`, true],
  ['of 256 bytes in 128 letters', 'ä'.repeat(128), false],
  ['with an empty token', 'a..b', false],
  ['that starts with a dot', '.a', false],
  ['that ends with a dot', 'a.', false],
  ['of one dot', '.', false],
  ['of two dots', '..', false],
  ['with a space', 'a b', false],
  ['with a no-break space', 'a\u00a0b', false],
  ['with a tab', 'a\tb', false],
  ['with a star token', 'a.*', false],
  ['with a star inside a token', 'a*b', false],
  ['of > alone', '>', false],
  ['with > inside a token', 'a>b', false],
  ['with CR', 'a\rb', false],
  ['with LF', 'a\nb', false],
  ['with NUL', 'a\0b', false],
  ['with DEL', 'a\u007fb', false],
  ['with U+0085', 'a\u0085b', false],
  ['with U+2028', 'a\u2028b', false],
  ['with a byte order mark', '\ufeffa', false],
  ['of an emoji', '😀.👩‍👩‍👧', true],
  ['of right-to-left text', 'הודעות.۱۲', true],
  ['with an override of direction', 'a\u202eb', true],
  ['of a path up', '../', false],
  ['of a path up and on', '../../v1/events', false],
  ['with a slash', 'a/b', true],
  ['of a slash', '/', true],
  ['with a percent sign', '%2e', true],
  ['with percent-encoded dots', '%2e%2e', true],
  ['with a question mark and a hash', 'a?b#c', true],
  ['with a plus', 'a+b', true],
  ['with quotes and a backslash', '"a\\"', true],
  ['of the hub', '$hub.audit', false],
  ['of the NATS system', '$SYS.x', false],
  ['of a dollar', '$', false],
  ['of a NATS inbox', '_INBOX.x', true],
  ['of a JetStream name', 'JS.API.>', false],
  ['named like a prototype', '__proto__.constructor', true],
];

describe('topics', () => {
  it.each(TOPICS)('section 2: a topic %s is taken or refused alike in JSON, fan-out and path', async (...row) => {
    const [, topic, legal] = row;
    const ingest = await startIngest();
    const json = await ingest.publish({ topic, data: 'json' });
    const fanOut = await ingest.publish({ topics: [topic], data: 'topics' });
    const path = await ingest.raw(topic, 'path');
    if (legal) {
      expect([json.status, fanOut.status, path.status]).toEqual([202, 202, 202]);
      expect([json.body.topic, fanOut.body.results[0].topic, path.body.topic]).toEqual([topic, topic, topic]);
      expect(ingest.messages.map((message) => message.topic)).toEqual([topic, topic, topic]);
    } else {
      expect([json.status, fanOut.status, path.status]).toEqual([422, 422, 422]);
      expect(json.body).toMatchObject({ code: 'invalid-topic', pointer: '/topic' });
      expect(fanOut.body).toMatchObject({ code: 'invalid-topic', pointer: '/topics/0' });
      expect(path.body).toMatchObject({ code: 'invalid-topic', parameter: 'topic' });
      expect(ingest.messages).toEqual([]);
    }
  });

  it.each(['\\ud800', 'a\\udc00b', '\\udc00\\ud800'])(
    'hardening section 1: a topic with the lone surrogate %s is 422',
    async (text) => {
      const ingest = await startIngest();
      const answer = await ingest.publish(undefined, { body: `{"topic":"${text}","data":1}` });
      expect([answer.status, answer.body.code]).toEqual([422, 'invalid-topic']);
    },
  );

  it('hardening section 1: an empty topic is 422 in JSON, and no path', async () => {
    const ingest = await startIngest();
    expect((await ingest.publish({ topic: '', data: 1 })).body).toMatchObject({ status: 422, code: 'invalid-topic' });
    expect((await ingest.raw('', 'x')).status).toBe(404);
    expect(ingest.messages).toEqual([]);
  });

  it.each([
    ['/v1/topics/%2e%2e/events', 422],
    ['/v1/topics/%2E/events', 422],
    ['/v1/topics/../events', 422],
    ['/v1/topics/./events', 422],
    ['/v1/topics/..%2f/events', 422],
    ['/v1/topics/..%2f..%2fv1%2fevents/events', 422],
    ['/v1/topics/..%2f..%2fevents', 404],
    ['/v1/topics/a%00/events', 422],
    ['/v1/topics/a%0a/events', 422],
    ['/v1/topics/%c0%ae/events', 400],
    ['/v1/topics/%ed%a0%80/events', 400],
    ['/v1/topics/%ff/events', 400],
    ['/v1/topics/%zz/events', 400],
    ['/v1/topics/%/events', 400],
    ['/v1/users/%zz/events', 400],
    ['/v1/topics/a/b/events', 404],
    ['/v1/topics/a/events/', 404],
    ['/v1//topics/a/events', 404],
    ['/v1/topics/x/../a/events', 404],
    ['/v1/topics/a/../../events', 404],
    ['/v1/topics/x/%2e%2e/events', 404],
    ['/v1/./topics/a/events', 404],
    ['//v1/topics/a/events', 404],
    ['/V1/topics/a/events', 404],
    ['/v1/topics/a/%65vents', 404],
    ['/v1/topics/a/events;x=1', 404],
    ['/v1/topics/a\\events', 400],
    ['/v1%2ftopics%2fa%2fevents', 404],
  ])('hardening section 1: the path %s is %i and never another route', async (path, status) => {
    const ingest = await startIngest();
    const answer = await ingest.send(path, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(ingest.messages).toEqual([]);
  });

  it.each([
    ['/v1/topics/a%2Fb/events', 'a/b'],
    ['/v1/topics/a%252Fb/events', 'a%2Fb'],
    ['/v1/topics/%61/events', 'a'],
    ['/v1/topics/a+b/events', 'a+b'],
    ['/v1/topics/%F0%9F%98%80/events', '😀'],
    ['/v1/topics/%D7%90%E2%80%8F.b/events', 'א\u200f.b'],
    ['/v1/topics/:topic/events', ':topic'],
    ['/v1/topics/events/events', 'events'],
  ])('section 2: the path %s publishes to exactly %j', async (path, topic) => {
    const ingest = await startIngest();
    const answer = await ingest.send(path, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    expect(answer.status).toBe(202);
    expect(answer.body.topic).toBe(topic);
    expect(ingest.messages.map((message) => message.topic)).toEqual([topic]);
  });

  it('section 2: what a user id decodes to in a path is encoded as in JSON', async () => {
    const ingest = await startIngest();
    for (const user of ['a', 'a.b', '*', '>', '%2E', 'a/b', '$x', '😀']) {
      const { body } = await ingest.publish({ user, data: 1 });
      const path = `/v1/users/${encodeURIComponent(user)}/events`;
      const raw = await ingest.send(path, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
      expect(raw.body.topic).toBe(body.topic);
    }
    expect(new Set(ingest.messages.map(({ topic }) => topic)).size).toBe(8);
  });
});

describe('event names', () => {
  it.each([
    ['of 128 characters', 'n'.repeat(128), true],
    ['of 128 emoji', '😀'.repeat(128), true],
    ['with spaces and colons', 'a: b ', true],
    ['with U+2028', 'a\u2028b', true],
    ['of hub without a dot', 'hub', true],
    ['of 129 characters', 'n'.repeat(129), false],
    ['of 10 KB', 'n'.repeat(10_240), false],
    ['with CR', 'a\rdata: evil', false],
    ['with LF', 'a\ndata: evil', false],
    ['with NUL', 'a\0', false],
    ['with U+0085', 'a\u0085', false],
    ['with a leading space', ' a', false],
    ['of the hub', 'hub.bye', false],
    ['that is empty', '', false],
    ['of half a surrogate pair', '\ud800', false],
  ])('section 2: a name %s is taken as it is or refused with 422', async (_name, event, legal) => {
    const ingest = await startIngest();
    const { status, body } = await ingest.publish({ topic: 'a', event, data: 1 });
    expect(status).toBe(legal ? 202 : 422);
    if (!legal) expect(body).toMatchObject({ code: 'invalid-event-name', pointer: '/event' });
    expect(ingest.messages.map((message) => message.event)).toEqual(legal ? [event] : []);
  });
});
