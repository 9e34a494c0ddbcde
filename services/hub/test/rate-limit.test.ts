import { openStream, request } from '@tidings/runtime/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTestHub, type TestHub } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const statusOf = async (asked: Promise<Response>) => {
  const answer = await asked;
  return [answer.status, answer.status === 202 ? undefined : (await answer.json()).code];
};

const publish = (hub: TestHub, token: string) =>
  request(`${hub.url}/v1/topics/a/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
    body: 'hello',
  });

test('the hub holds what is published and who connects to the rates of its variables, and counts the quota', async () => {
  const hub = await startTestHub({
    TIDINGS_RATE_PUBLISH: '1',
    TIDINGS_RATE_CONNECT: '1',
    TIDINGS_QUOTA_EVENTS: '2',
  });
  const token = await hub.token({ subscribe: ['a'], publish: ['a'] });
  const headers = { authorization: `Bearer ${token}` };
  const url = `${hub.url}/v1/stream?topic=a&client=sdk/1.0`;
  const stream = await openStream(url, { headers });
  await stream.event('hub.live');
  expect(await statusOf(request(url, { headers }))).toEqual([429, 'rate-limited']);
  expect(await statusOf(publish(hub, token))).toEqual([202, undefined]);
  expect(await statusOf(publish(hub, token))).toEqual([429, 'rate-limited']);
  vi.advanceTimersByTime(1_000);
  expect(await statusOf(publish(hub, token))).toEqual([202, undefined]);
  vi.advanceTimersByTime(1_000);
  expect(await statusOf(publish(hub, token))).toEqual([429, 'quota-exceeded']);
  stream.destroy();
  const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  expect(metrics).toContain('tidings_rejected_total{reason="rate-limited"} 2');
  expect(metrics).toContain('tidings_rejected_total{reason="quota-exceeded"} 1');
});

test('an address with too many refused tokens is refused in both parts before another is looked at', async () => {
  const hub = await startTestHub({ TIDINGS_RATE_AUTH_FAILURES: '2' });
  expect(await statusOf(publish(hub, 'forged'))).toEqual([401, 'unauthenticated']);
  const position = (token: string) =>
    request(`${hub.url}/v1/position`, { headers: { authorization: `Bearer ${token}` } });
  expect(await statusOf(position('forged'))).toEqual([401, 'unauthenticated']);
  const token = await hub.token({ subscribe: ['a'], publish: ['a'] });
  const refused = await position(token);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(refused.headers.get('ratelimit-policy')).toBe('"auth-failures";q=2;w=1');
  expect(await statusOf(publish(hub, token))).toEqual([429, 'rate-limited']);
  const native = await openStream(`${hub.url}/v1/stream?topic=a`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
  });
  await native.end();
  expect([native.status, JSON.parse((await native.event('hub.bye')).data).reason]).toEqual([200, 'rate-limited']);
  vi.advanceTimersByTime(1_000);
  expect((await position(token)).status).toBe(200);
});
