import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Around, runHere, spawnCommand } from '../command-run.ts';
import { startTestHub, type TestHub } from '../hub.ts';

// The machine may be busy.
const WITHIN = { timeout: 15_000 };

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const publish = (words: readonly string[], stdin?: string) => runHere(['publish', ...words], { env: hub.env, stdin });

async function stored(topic: string, count: number): Promise<Record<string, unknown>[]> {
  const words = ['tail', topic, '--since', 'all', '--count', `${count}`, '--json'];
  const { out } = await runHere(words, { env: hub.env });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('publish', () => {
  test('an argument is stored once for each key, and its cursor is printed', async () => {
    const { out: first } = await publish(['one.2', 'a', '--id', 'k', '--ttl', '1h', '--event', 'status']);
    const { out: again } = await publish(['one.2', 'a', '--id', 'k', '--json']);
    expect(JSON.parse(again)).toEqual({ status: 'duplicate', topic: 'one.2', id: first.trim() });
    expect(await stored('one.2', 1)).toMatchObject([{ id: first.trim(), event: 'status', data: 'a' }]);
  });

  test('a payload is text as it is, unless it is said to be JSON', async () => {
    await publish(['one.3', '{ "a": 1 }']);
    await publish(['one.3', '{ "a": 1 }', '--type', 'json']);
    await publish(['one.3', '--', '--text']);
    expect((await stored('one.3', 3)).map(({ data }) => data)).toEqual(['{ "a": 1 }', { a: 1 }, '--text']);
    expect(await publish(['one.3', '{secret', '--type', 'json'])).toEqual({
      code: 65,
      out: '',
      err: 'tidings: The payload is no JSON.\n',
    });
  });

  test('an event that is to come later has the id of its schedule, by which it is listed and cancelled', async () => {
    const { out: id } = await publish(['later.1', 'a', '--delay', '1h', '--event', 'e']);
    const { out: json } = await publish(['later.2', 'b', '--at', '2000-01-01T00:00:00Z', '--json']);
    expect(JSON.parse(json)).toMatchObject({ status: 'accepted', schedule: { at: '2000-01-01T00:00:00.000Z' } });
    expect(await stored('later.2', 1)).toMatchObject([{ data: 'b' }]);
    const run = (...words: string[]) => runHere(['schedules', ...words], { env: hub.env });
    const { out: table } = await run('list');
    expect(table).toMatch(new RegExp(`^ID +AT +TOPIC +EVENT\n${id.trim()} +\\S+Z +later.1 +e\n$`));
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({ id: id.trim(), topic: 'later.1' });
    expect((await run('cancel', id.trim())).out).toBe(`cancelled ${id}`);
    expect(await run('cancel', id.trim())).toMatchObject({ code: 66, out: '' });
    expect(await publish(['a', 'b', '--at', 'x', '--delay', '1'])).toMatchObject({ code: 64 });
  });

  test('an event that is live only has no cursor', async () => {
    expect(await publish(['one.4', 'typing', '--no-store'])).toEqual({ code: 0, out: '', err: '' });
  });

  test('reads whole events, and the results say what became of each', async () => {
    const lines = [
      '{"topic":"nd.1","data":{"n":1}}',
      '{"topics":["nd.1","nd.2"],"data":"x"}',
      '{"topic":"nd.*","data":1}',
    ];
    const { code, out, err } = await publish(['--ndjson', '--json'], lines.join('\n'));
    const results = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results.map(({ line, topic, problem }) => [line, topic, problem?.code])).toEqual([
      [1, 'nd.1', undefined],
      [2, 'nd.1', undefined],
      [2, 'nd.2', undefined],
      [3, undefined, 'invalid-topic'],
    ]);
    expect(code).toBe(65);
    const said = 'invalid-topic: The topic has an illegal token at place 2.';
    expect(err).toBe(
      `tidings: line 3: ${said}\ntidings: events published: 3\ntidings: events refused: 1, the first: ${said}\n`,
    );
  });

  test('a line that can not be used ends it, after those before it', async () => {
    const { code, out, err } = await publish(['--ndjson'], '{"topic":"bad.1","data":1}\n{"topic"\n');
    expect({ code, out }).toEqual({ code: 65, out: '' });
    expect(err).toBe('tidings: events published: 1\ntidings: Line 2 is no JSON.\n');
    expect(await stored('bad.1', 1)).toMatchObject([{ data: 1 }]);
  });

  test('where nothing is granted it ends with the first request', async () => {
    const token = await hub.token({ publish: ['a'] });
    const env = { ...hub.env, TIDINGS_PUBLISH_TOKEN: token };
    const { code, err } = await runHere(['publish', 'b'], { env, stdin: 'x\n'.repeat(300) });
    expect(code).toBe(77);
    expect(err.split('\n').filter((line) => line.includes('line '))).toHaveLength(20);
    expect(err).toContain('tidings: events refused: 250, the first: forbidden');
  });

  test.each([
    [[]],
    [['--user', 'alice', 'a', 'b']],
    [['--ndjson', 'a']],
    [['--ndjson', '--event', 'a']],
    [['--ndjson', '--no-store']],
    [['a', 'b', '--raw']],
    [['a', 'b', '--ttl', '0']],
    [['a', 'b', '--ttl', 'soon']],
    [['a', 'b', '--type', 'xml']],
    [['a', 'b', '--final', '--no-store']],
    [['a', '--token-file', '-']],
    [['a', 'b', 'c']],
  ])('%j is refused', async (words) => {
    expect(await publish(words)).toMatchObject({ code: 64, out: '' });
  });

  test('on a terminal there is a bar while input is read, and it is gone at the end', async () => {
    const around: Around = { env: hub.env, stdin: 'a\nb\n', terminal: ['stderr'] };
    const { out, err } = await runHere(['publish', 'bar.1'], around);
    expect(err.replace(/[\d,]+\/s/, '')).toBe('\r2 events  \x1b[K\r\x1b[K');
    expect(out).toMatch(/^\S+\n$/);
    expect((await runHere(['publish', 'bar.1', 'a'], around)).err).toBe('');
  });
});

describe('the process of publish', () => {
  test('stores 5,000 lines in order, the last of them final', async () => {
    const lines = Array.from({ length: 5_000 }, (_, place) => `line ${place}`);
    const running = spawnCommand(['publish', 'many.1', '--final'], hub.env);
    running.child.stdin?.end(`${lines.join('\n')}\n`);
    const { code, out, err } = await running.done;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { out: events } = await runHere(['tail', 'many.1', '--until-final', '--json'], { env: hub.env });
    const envelopes = events
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(envelopes.map(({ data }) => data)).toEqual(lines);
    expect(envelopes.at(-1).id).toBe(out.trim());
  });

  test('sends a line as it comes, and does not wait for the next', async () => {
    const running = spawnCommand(['publish', 'live.1', '--json'], hub.env);
    for (const data of ['a', 'b']) {
      running.child.stdin?.write(`${data}\n`);
      await expect.poll(() => running.out.split('\n').length, WITHIN).toBe(data === 'a' ? 2 : 3);
    }
    running.child.stdin?.end();
    expect((await running.done).code).toBe(0);
    expect((await stored('live.1', 2)).map(({ data }) => data)).toEqual(['a', 'b']);
  });
});
