import { startNatsServer } from '@tidings/broker/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { begin, runHere, spawnCommand } from '../command-run.ts';
import { startTestHub, type TestHub } from '../hub.ts';

// The machine may be busy.
const WITHIN = { timeout: 15_000 };

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const here = (...words: string[]) => runHere(words, { env: hub.env });
const dataOf = (out: string): unknown[] =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).data);

describe('tail', () => {
  test('prints envelopes from the past and live ones, and ends after as many as were asked for', async () => {
    await here('publish', 'count.1', '{"n":1}', '--type', 'json', '--event', 'status');
    const running = begin(['tail', 'count.*', '--since', 'all', '--count', '3', '--json'], { env: hub.env });
    await expect.poll(() => running.out, WITHIN).toContain('status');
    const { out: cursor } = await here('publish', 'count.2', 'two');
    await here('publish', 'count.2', 'three');
    await here('publish', 'count.2', 'four');
    const { code, out, err } = await running.done;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(dataOf(out)).toEqual([{ n: 1 }, 'two', 'three']);
    expect(JSON.parse(out.split('\n')[1] ?? '')).toEqual({
      id: cursor.trim(),
      topic: 'count.2',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      data: 'two',
    });
    // What was printed can be gone on from.
    const after = await here('tail', 'count.>', '--after', cursor.trim(), '--count', '2', '--json');
    expect(dataOf(after.out)).toEqual(['three', 'four']);
  });

  test('--since takes the last ones, or the newest of each topic', async () => {
    for (const [topic = '', data = ''] of [
      ['since.1', 'a'],
      ['since.2', 'b'],
      ['since.1', 'c'],
    ]) {
      await here('publish', topic, data);
    }
    expect(dataOf((await here('tail', 'since.*', '--since', '2', '--count', '2', '--json')).out)).toEqual(['b', 'c']);
    expect(dataOf((await here('tail', 'since.*', '--since', 'last', '--count', '2', '--json')).out)).toEqual([
      'b',
      'c',
    ]);
    expect(dataOf((await here('tail', 'since.1', '--since', '10m', '--count', '2', '--json')).out)).toEqual(['a', 'c']);
  });

  test('an event of topics that overlap is printed once', async () => {
    await here('publish', 'over.one', 'a');
    await here('publish', 'over.one', 'b');
    const { out } = await here(
      'tail',
      'over.*',
      '*.one',
      'over.one',
      'over.one',
      '--since',
      'all',
      '--count',
      '2',
      '--json',
    );
    expect(dataOf(out)).toEqual(['a', 'b']);
  });

  test('--until-final ends with the last of the finite topics', async () => {
    const running = begin(['tail', 'finite.1', 'finite.2', '--final', '--json'], { env: hub.env });
    await here('publish', 'finite.1', 'a', '--final');
    await expect.poll(() => running.out, WITHIN).toContain('"a"');
    await here('publish', 'finite.2', 'b');
    await here('publish', 'finite.2', 'c', '--final');
    const { code, out } = await running.done;
    expect(code).toBe(0);
    expect(dataOf(out)).toEqual(['a', 'b', 'c']);
  });

  test('what it may not have, or nobody can reach, ends it at once', async () => {
    const token = await hub.token({ subscribe: ['a'] });
    const forbidden = await runHere(['tail', 'b'], { env: { ...hub.env, TIDINGS_TOKEN: token } });
    expect(forbidden).toMatchObject({ code: 77, err: expect.stringContaining('forbidden') });
    const refused = await runHere(['tail', 'a', 'a.>'], { env: { ...hub.env, TIDINGS_TOKEN: 'x.y.z' } });
    expect(refused).toMatchObject({ code: 77, err: expect.stringContaining('token inspect') });
  });

  test.each([
    ['--count', '0'],
    ['--count', 'x'],
    ['--since', 'yesterday'],
    ['--after', 'x', '--since', 'all'],
    ['--after', 'x', '--final'],
    ...[Array.from({ length: 100 }, (_, place) => `t.${place}`)],
  ])('%s %s is refused', async (...words) => {
    expect(await here('tail', 'a', ...words)).toMatchObject({ code: 64, out: '' });
  });
});

describe('the process of tail', () => {
  test('goes on exactly where it was when the hub is started again', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const away = await startTestHub({ TIDINGS_NATS_URL: server.url, TIDINGS_DRAIN_MS: '0' });
    onTestFinished(() => away.stop());
    const publish = (data: string) => runHere(['publish', 'again.1', data], { env: away.env });
    const running = spawnCommand(['tail', 'again.*', '--since', 'all', '--count', '4', '--json'], away.env);
    await publish('a');
    await expect.poll(() => running.out, WITHIN).toContain('"a"');
    await away.stop();
    await expect.poll(() => running.err, WITHIN).toContain('the stream has ended (draining), connecting again');
    await away.start();
    // Nobody listens yet, or somebody does: it must make no difference.
    for (const data of ['b', 'c', 'd']) expect((await publish(data)).code).toBe(0);
    const { code, out, err } = await running.done;
    expect(code).toBe(0);
    expect(dataOf(out)).toEqual(['a', 'b', 'c', 'd']);
    expect(err).toContain('connected again');
    expect(err).not.toContain('history is gone');
  });

  test('ends quietly when its reader has had enough, and by the signal of Ctrl-C', async () => {
    await runHere(['publish', 'pipe.1'], { env: hub.env, stdin: 'x\n'.repeat(5_000) });
    const full = spawnCommand(['tail', 'pipe.*', '--since', 'all'], hub.env);
    full.child.stdout?.once('data', () => full.child.stdout?.destroy());
    expect(await full.done).toMatchObject({ code: 0, err: '' });
    const endless = spawnCommand(['tail', 'pipe.*', '--since', '1'], hub.env);
    await expect.poll(() => endless.out, WITHIN).toContain('x');
    endless.child.kill('SIGINT');
    expect(await endless.done).toMatchObject({ code: 'SIGINT', err: '' });
  });
});
