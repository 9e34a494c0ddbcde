import { createNatsCluster } from '@tidings/broker/nats';
import { startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';

test('a cluster whose server is frozen fails closed, is out of touch after 8 s, and in touch once it goes on', async () => {
  const server = await startNatsServer();
  onTestFinished(() => server.remove());
  const told: string[] = [];
  const members = ['hub', 'hub'].map(() => {
    const options = { servers: [server.url], role: 'hub' as const, log: createLogger('test', 'silent') };
    const cluster = createNatsCluster({ ...options, metrics: createMetrics() });
    onTestFinished(() => cluster.close());
    cluster.answer('who', () => cluster.id);
    cluster.state.follow('seen', ({ key }) => told.push(key));
    return cluster;
  });
  await Promise.all(members.map((cluster) => cluster.open()));
  const [one] = members as [(typeof members)[0]];
  await one.state.put('ticket.1', 'grant', 600);
  server.freeze();
  const frozenMs = performance.now();
  while (performance.now() - frozenMs < 4_500) {
    const sinceMs = performance.now();
    const calls = [one.askAll('who', null), one.state.put('seen.frozen', 'x', 60), one.state.take('ticket.2')];
    for (const result of await Promise.allSettled(calls))
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(performance.now() - sinceMs).toBeLessThan(2_500);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const outOfTouchMs = async (): Promise<number> => {
    await expect.poll(() => members.some(({ inTouch }) => inTouch), { timeout: 6_000, interval: 10 }).toBe(false);
    return performance.now() - frozenMs;
  };
  expect(await outOfTouchMs()).toBeLessThan(8_100);
  server.thaw();
  await expect.poll(() => members.every(({ inTouch }) => inTouch), { timeout: 10_000 }).toBe(true);
  expect(await one.askAll('who', null)).toHaveLength(2);
  await one.state.reach(await one.state.put('seen.thawed', 'x', 60));
  expect(told).toContain('seen.thawed');
  expect(await one.state.take('ticket.1')).toBe('grant');
});
