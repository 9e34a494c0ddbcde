import { startNatsServer } from '@tidings/broker/testing';
import { COMMAND_LINE_VARIABLES, VARIABLES } from '@tidings/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { toFailure } from '../src/failure.ts';
import { runHere, spawnCommand } from './command-run.ts';

describe('the process', () => {
  test('prints its version', async () => {
    const { code, out } = await spawnCommand(['--version']).done;
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('a word that it does not know exits 64 with one line that names it', async () => {
    const { code, out, err } = await spawnCommand(['nats', 'erase']).done;
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toBe('tidings: There is no command "nats erase".\nSee: tidings --help\n');
  });
});

describe('the command line', () => {
  test('config prints every variable, those of the commands too', async () => {
    const { out } = await runHere(['config']);
    const all = [...VARIABLES, ...COMMAND_LINE_VARIABLES];
    const lines = out.trim().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(all.map(({ name }) => name));
    for (const { meaning } of all) expect(out).toContain(meaning);
  });

  test('a fault of its own exits 70, and shows where', () => {
    const { exitCode, text } = toFailure(new RangeError('oops'));
    expect(exitCode).toBe(70);
    expect(text).toContain('    at ');
  });

  test('nats setup without servers exits 78 and names the variable', async () => {
    expect(await runHere(['nats', 'setup'])).toMatchObject({ code: 78, err: 'TIDINGS_NATS_URL: is required\n' });
  });

  test('nats setup creates the streams and the bucket once, then compares and changes nothing', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    // What only commands read is in nobody's way.
    const env = { TIDINGS_NATS_URL: server.url, NODE_ENV: 'production', LOG_LEVEL: 'warn', TIDINGS_TOKEN: 'x' };
    const setUp = (more: NodeJS.ProcessEnv = {}) => runHere(['nats', 'setup'], { env: { ...env, ...more } });
    const first = await setUp();
    expect(first.out).toMatch(
      /^created stream EVT_0, 1 copy, epoch [0-9a-z]{8}\n(created stream (KV_tidings|KV_tidings_records|SCHEDULES), 1 copy\n){3}$/,
    );
    const epoch = /epoch (\w+)/.exec(first.out)?.[1];
    const others = ['KV_tidings', 'KV_tidings_records', 'SCHEDULES'].map((name) => `found stream ${name}, 1 copy\n`);
    const found = `found stream EVT_0, 1 copy, epoch ${epoch}\n${others.join('')}`;
    expect((await setUp()).out).toBe(found);
    const { code, out } = await setUp({ TIDINGS_HISTORY_MAX_BYTES: '9000000' });
    expect(code).toBe(0);
    expect(out).toContain('differs: EVT_0.max_bytes is 268435456, and would be created as 9000000');
    expect((await setUp()).out).toBe(found);
  });

  test('nats setup with credentials that may not create it says what would help', async () => {
    const server = await startNatsServer({
      config: `authorization { users = [
        { user: weak, password: weak, permissions: { publish: "$JS.API.STREAM.INFO.EVT_0", subscribe: "_INBOX_operator.>" } }
      ] }`,
    });
    onTestFinished(() => server.remove());
    const env = {
      TIDINGS_NATS_URL: server.url,
      TIDINGS_NATS_USER: 'weak',
      TIDINGS_NATS_PASSWORD: 'weak',
      LOG_LEVEL: 'fatal',
    };
    const refused = await runHere(['nats', 'setup'], { env });
    expect(refused.code).toBe(78);
    expect(refused.err).toContain('credentials of an operator');
    const wrong = await runHere(['nats', 'setup'], { env: { ...env, TIDINGS_NATS_PASSWORD: 'wrong' } });
    expect(wrong).toMatchObject({
      code: 78,
      err: 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD: the NATS server refuses these credentials\n',
    });
  });
});
