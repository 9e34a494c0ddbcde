import { PROTOCOL } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startIngest } from './fixture.ts';

describe('the log of an ingest', () => {
  it('section 9: one line for each request, with trace id, user, tenant, duration and bytes', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['>'], { sub: 'bob', tenant: 'acme' });
    const answer = await ingest.raw('a', 'x', 'event=y', { token });
    await ingest.publish({ topic: 'a' });
    await ingest.publish({ topic: 'a', data: 1 }, { token: '' });
    const lines = await ingest.requestLines(3);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({
      level: 30,
      service: 'ingest',
      method: 'POST',
      url: '/v1/topics/a/events?event=y',
      status: 202,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      user: 'bob',
      tenant: 'acme',
      address: '127.0.0.1',
    });
    expect(lines[0]?.durationMs).toBeGreaterThan(0);
    // The head counts where the connection is the answer's alone.
    expect(lines[0]?.bytes).toBeGreaterThanOrEqual(answer.text.length + (PROTOCOL === 'h1' ? 100 : 0));
    expect(lines[1]).toMatchObject({ status: 422, user: 'alice', tenant: 'default' });
    expect(lines[2]).toMatchObject({ status: 401 });
    expect(lines[2]).not.toHaveProperty('user');
    expect(new Set(lines.map(({ traceId }) => traceId)).size).toBe(3);
  });

  it('section 9: the trace id of traceparent is taken over', async () => {
    const ingest = await startIngest();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await ingest.raw('a', 'x', '', { headers: { traceparent } });
    expect((await ingest.requestLines(1))[0]?.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('section 9: no line holds a payload, a token, a cookie or a key', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['>']);
    const text = { body: 'PAYLOAD', headers: { 'Content-Type': 'text/plain' }, token: '' };
    const cookie = { ...text.headers, Cookie: `tidings=${token}`, 'Sec-Fetch-Site': 'same-origin' };
    await ingest.send(`/v1/topics/a/events?access_token=${token}`, text);
    await ingest.send(`/v1/topics/a/events?%61ccess%5Ftoken=${token}`, text);
    await ingest.send(`/v1/topics/a/events?event=a&Access_Token=${token}`, text);
    await ingest.send(`/v1/topics/a/events?access_token=${token}&access_token=${token}`, text);
    await ingest.send(`/v1/topics/a/events?access_token=${token}%zz`, text);
    await ingest.send(`/v1/topics/a/events?access_token%zz=${token}`, text);
    await ingest.send(`/v1/topics/a/events?event=a&amp;access_token=${token}`, text);
    await ingest.send(`/v1/topics/a/events?access_token[]=${token}`, text);
    await ingest.send(`/nowhere?access_token=${token}`, { ...text, method: 'GET' });
    await ingest.send('/v1/topics/a/events', { ...text, headers: cookie });
    await ingest.publish(undefined, { body: '{"topic":"a","data":"PAYLOAD"', token });
    await ingest.publish({ topic: 'a', data: 'PAYLOAD', event: 'hub.x' }, { token });
    await ingest.publish({ topic: 'a', data: 'PAYLOAD' }, { token, headers: { 'Idempotency-Key': 'KEY' } });
    const lines = await ingest.requestLines(13);
    expect(lines).toHaveLength(13);
    const log = JSON.stringify(ingest.lines);
    expect(log).not.toMatch(/PAYLOAD|KEY/);
    expect(log).not.toContain(token);
    expect(log).not.toContain(token.split('.')[2]);
    expect(lines[0]?.url).toBe('/v1/topics/a/events?access_token=REDACTED');
    expect(lines[1]?.url).toBe('/v1/topics/a/events?%61ccess%5Ftoken=REDACTED');
    expect(lines[2]?.url).toBe('/v1/topics/a/events?event=a&Access_Token=REDACTED');
  });

  it('a request with line breaks in its path and query is still one line', async () => {
    const ingest = await startIngest();
    await ingest.raw('a\nb', 'x', 'event=%0D%0A%7B%22level%22:60%7D');
    const [line] = await ingest.requestLines(1);
    expect(line?.url).toBe('/v1/topics/a%0Ab/events?event=%0D%0A%7B%22level%22:60%7D');
  });

  it.each([
    ['believed by nobody when no proxy is trusted', [], '6.6.6.6', '127.0.0.1'],
    ['believed from a trusted proxy', ['127.0.0.1'], '6.6.6.6', '6.6.6.6'],
    [
      'read from the right, so that what the client forged does not count',
      ['127.0.0.1'],
      '1.1.1.1, 6.6.6.6',
      '6.6.6.6',
    ],
    ['followed through several proxies', ['127.0.0.0/8', '10.0.0.0/8'], '1.1.1.1, 6.6.6.6, 10.1.2.3', '6.6.6.6'],
    ['not believed from a peer that is no proxy', ['10.0.0.0/8'], '6.6.6.6', '127.0.0.1'],
    ['dropped where it is no address', ['127.0.0.1'], 'unknown', '127.0.0.1'],
    ['dropped where it is empty', ['127.0.0.1'], '', '127.0.0.1'],
  ])('hardening section 1: X-Forwarded-For is %s', async (_name, trustedProxies, forwarded, address) => {
    const ingest = await startIngest({ trustedProxies });
    await ingest.raw('a', 'x', '', { headers: { 'X-Forwarded-For': forwarded } });
    expect((await ingest.requestLines(1))[0]?.address).toBe(address);
  });

  it('section 9: the metrics count every event by its result, and every refused token by its reason', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topic: 'a', data: 1, id: 'x' });
    await ingest.publish({ topic: 'a', data: 1, id: 'x' });
    await ingest.publish([{ topic: 'a', data: 1 }, { topic: 'a..b', data: 1 }, { data: 1 }]);
    await ingest.raw('a', 'x', '', { token: '' });
    await ingest.raw('a', 'x', '', { token: 'x.y.z' });
    const text = await ingest.metrics.text();
    expect(text).toContain('tidings_events_published_total{result="accepted"} 2');
    expect(text).toContain('tidings_events_published_total{result="duplicate"} 1');
    expect(text).toContain('tidings_events_published_total{result="invalid-topic"} 1');
    expect(text).toContain('tidings_publish_duration_seconds_count 3');
    expect(text).toContain('tidings_auth_failures_total{reason="missing"} 1');
    expect(text).toContain('tidings_auth_failures_total{reason="malformed"} 1');
  });
});
