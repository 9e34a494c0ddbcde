import { openStream } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Outcome, runHere } from '../command-run.ts';
import { startTestHub, type TestHub } from '../hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ TIDINGS_JOURNAL_MAX_BYTES: '1000000' });
});
afterAll(() => hub.stop());

const explain = (user: string, event: string, env = hub.env, ...words: readonly string[]): Promise<Outcome> =>
  runHere(['explain', '--user', user, '--event', event, ...words], { env });

test('what became of an event is told, of who had a stream and of who had none', async () => {
  const authorization = `Bearer ${hub.env.TIDINGS_TOKEN}`;
  const stream = await openStream(`${hub.env.TIDINGS_URL}/v1/stream?topic=explained`, { headers: { authorization } });
  onTestFinished(() => stream.destroy());
  await stream.event('hub.live');
  const id = (await runHere(['publish', 'explained', 'it', '--event', 'told'], { env: hub.env })).out.trim();
  await stream.event('told');
  const { code, out } = await explain('ops', id);
  expect(code).toBe(0);
  expect(out).toMatch(/^It is stored\. It was written to a stream of the user; .*\n\nevent \S+\n {2}state +stored\n/);
  expect(out).toContain(`\nsession ${stream.headers['tidings-session']}\n`);
  expect(out).toMatch(/\n {2}written +yes by \S+\n {2}acknowledged +unknown\n {2}Written to its connection; .*\n$/);
  const nobody = await explain('nobody', id, hub.env, '--json');
  expect(JSON.parse(nobody.out)).toMatchObject({ delivered: 'no', event: { id, topic: 'explained' }, sessions: [] });
});

test('what is no id exits 65 and names it, who is no admin 77', async () => {
  expect(await explain('ops', 'nonsense')).toMatchObject({
    code: 65,
    out: '',
    err: expect.stringMatching(/^tidings: invalid-field: .*\(event\)\n$/),
  });
  const TIDINGS_TOKEN = await hub.token({ subscribe: ['>'] });
  expect(await explain('ops', '3f.k.lozb', { ...hub.env, TIDINGS_TOKEN })).toMatchObject({ code: 77, out: '' });
});

test('where no journal is kept that is said, and succeeds', async () => {
  const plain = await startTestHub();
  onTestFinished(() => plain.stop());
  const own = (await runHere(['publish', 'explained', 'it'], { env: plain.env })).out.trim();
  const { code, out } = await explain('ops', own, plain.env);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^It is stored\. No node keeps a journal .*\nnode \S+ keeps no journal \(TIDINGS_JOURNAL_MAX_BYTES\)\n$/s,
  );
});
