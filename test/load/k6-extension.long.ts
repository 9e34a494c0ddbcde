import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';

const MODULE = join(ROOT, 'loadtest/k6-tidings');
// From an empty cache: k6 is large, and the race detector is compiled into all of it.
const BUILD_TIMEOUT_MS = 1_800_000;

/** Runs a tool of Go in the module. @throws Error with the remedy where there is none. */
async function go(command: 'go' | 'gofmt', ...args: string[]): Promise<string> {
  const options = { cwd: MODULE, maxBuffer: 64 * 1024 * 1024, timeout: BUILD_TIMEOUT_MS };
  const run = promisify(execFile)(command, args, options);
  const { stdout } = await run.catch((error) => {
    if (error.code !== 'ENOENT') throw new Error(`${command} ${args.join(' ')}:\n${error.stdout}${error.stderr}`);
    throw new Error(`There is no ${command} on PATH: install Go 1.25 or later, and a C compiler (go.dev/dl).`);
  });
  return stdout;
}

test('the extension of k6 is formatted and vet finds nothing', { timeout: BUILD_TIMEOUT_MS }, async () => {
  expect(await go('gofmt', '-l', '.')).toBe('');
  expect(await go('go', 'vet', './...')).toBe('');
});

test('the tests of the extension of k6 pass, with the race detector', { timeout: BUILD_TIMEOUT_MS }, async () => {
  expect(await go('go', 'test', '-race', './...')).not.toContain('FAIL');
});
