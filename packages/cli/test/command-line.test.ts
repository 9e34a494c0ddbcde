import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startNatsServer } from '@tidings/broker/testing';
import { VARIABLES } from '@tidings/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, NO_COLOR: '1', ...env } };
    execFile(process.execPath, [MAIN, ...words], options, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

describe('the command line', () => {
  test('shows its commands without any, and its version', async () => {
    const shown = await run([]);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('config');
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('a word that it does not know exits 64 with one line that names it', async () => {
    const { code, err } = await run(['nats', 'erase']);
    expect(code).toBe(64);
    expect(err).toContain('erase');
    expect(err).not.toContain('    at ');
  });

  test('config prints every variable', async () => {
    const { out } = await run(['config']);
    for (const { name, meaning } of VARIABLES) expect(out).toContain(meaning && name);
    expect(out.trim().split('\n')).toHaveLength(VARIABLES.length);
  });

  test('nats setup without servers exits 78 and names the variable', async () => {
    expect(await run(['nats', 'setup'])).toMatchObject({ code: 78, err: 'TIDINGS_NATS_URL: is required\n' });
  });

  test('nats setup creates the stream and the bucket once, then compares and changes nothing', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const env = { TIDINGS_NATS_URL: server.url, NODE_ENV: 'production', LOG_LEVEL: 'warn' };
    const first = await run(['nats', 'setup'], env);
    expect(first.out).toMatch(/^created stream EVT_0, 1 copy, epoch [0-9a-z]{8}\ncreated stream KV_tidings, 1 copy\n$/);
    const epoch = /epoch (\w+)/.exec(first.out)?.[1];
    const found = `found stream EVT_0, 1 copy, epoch ${epoch}\nfound stream KV_tidings, 1 copy\n`;
    expect((await run(['nats', 'setup'], env)).out).toBe(found);
    const { code, out } = await run(['nats', 'setup'], { ...env, TIDINGS_HISTORY_MAX_BYTES: '9000000' });
    expect(code).toBe(0);
    expect(out).toContain('differs: EVT_0.max_bytes is 268435456, and would be created as 9000000');
    expect((await run(['nats', 'setup'], env)).out).toBe(found);
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
    const refused = await run(['nats', 'setup'], env);
    expect(refused.code).toBe(78);
    expect(refused.err).toContain('credentials of an operator');
    const wrong = await run(['nats', 'setup'], { ...env, TIDINGS_NATS_PASSWORD: 'wrong' });
    expect(wrong).toMatchObject({
      code: 78,
      err: 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD: the NATS server refuses these credentials\n',
    });
  });
});
