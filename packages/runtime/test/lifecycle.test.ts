import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWorkspace } from '../src/testing/index.ts';

// Each child loads what it needs, and not the whole package.
const built = (module: string): string => JSON.stringify(new URL(`../dist/${module}.js`, import.meta.url).href);

let folder: string;

// The child runs what is shipped: plain JavaScript under plain Node.
beforeAll(() => {
  buildWorkspace('packages/runtime');
  folder = mkdtempSync(join(tmpdir(), 'tidings-lifecycle-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Child {
  readonly process: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs a service whose `start` has this body; `stop` may be used in it. */
function run(name: string, body: string, env: NodeJS.ProcessEnv = {}): Child {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { createLogger } from ${built('logger')};
     import { runService } from ${built('lifecycle')};
     const log = createLogger('child', 'info');
     const alive = setInterval(() => {}, 1_000);
     await runService(() => log, async () => { ${body} });`,
  );
  const child = spawn(process.execPath, [file], { env: { PATH: process.env.PATH, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => {
    output.stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    output.stderr += bytes;
  });
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  return { process: child, output, exit };
}

const started = (child: Child, word = 'started'): Promise<void> =>
  expect.poll(() => child.output.stdout, { timeout: 10_000 }).toContain(word);

describe('runService', () => {
  it.each([
    ['it exits', 'process.exit(0)', 0],
    ['it crashes of an error that nobody caught', 'throw new Error("later")', 70],
    ['it is stopped', 'process.kill(process.pid, "SIGTERM")', 0],
  ])('no line is lost when %s in the turn that wrote it', async (_name, end, code) => {
    const child = run(
      `lines-${code}-${end.length}`,
      `setTimeout(() => { for (let n = 0; n < 1000; n += 1) log.info({ n }, 'line'); ${end}; }, 1);
       return { stop: async () => {} };`,
    );
    expect(await child.exit).toMatchObject({ code });
    const lines = child.output.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ msg }) => msg === 'line').map(({ n }) => n)).toEqual(
      Array.from({ length: 1_000 }, (_, n) => n),
    );
    if (code === 70) expect(lines.at(-1)).toMatchObject({ level: 60, err: { message: 'later' } });
    if (end.includes('SIGTERM')) expect(lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('section 9: a bad configuration exits 78 with one line for each fault on stderr, and nothing else', async () => {
    const body = `(await import(${built('settings')})).loadSettings(process.env); return { stop: async () => {} };`;
    const child = run('configuration', body, {
      PORT: 'x',
      TIDINGS_TYPO: 'hunter2',
      TIDINGS_JWT_SECRET: 'hunter2',
      LOG_LEVEL: 'loud',
    });
    expect(await child.exit).toEqual({ code: 78, signal: null });
    const lines = child.output.stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual(['LOG_LEVEL', 'PORT', 'TIDINGS_TYPO']);
    expect(child.output.stdout).toBe('');
    expect(child.output.stderr).not.toContain('hunter2');
  });

  it('an unexpected error at start exits 70 and is logged', async () => {
    const child = run('unexpected', 'throw new Error("out of luck");');
    expect(await child.exit).toEqual({ code: 70, signal: null });
    expect(JSON.parse(child.output.stdout)).toMatchObject({ level: 60, err: { message: 'out of luck' } });
  });

  it.each([
    'setTimeout(() => { throw new Error("later"); }, 1)',
    'setTimeout(() => Promise.reject(new Error("later")), 1)',
  ])('an error that nobody caught exits 70 and is logged: %s', async (fault) => {
    const child = run(`later-${fault.length}`, `${fault}; return { stop: async () => {} };`);
    expect(await child.exit).toEqual({ code: 70, signal: null });
    expect(child.output.stdout).toContain('"later"');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('section 9: %s stops in good order and exits 0', async (signal) => {
    const child = run(
      signal,
      `console.log('started');
       return { stop: async () => { await new Promise((resolve) => setTimeout(resolve, 50)); console.log('cleaned up'); } };`,
    );
    await started(child);
    child.process.kill(signal);
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.output.stdout).toMatch(/stopping.*cleaned up.*stopped/s);
  });

  it('section 9: a signal while the service is still starting exits 0', async () => {
    const child = run('starting', `console.log('starting'); return new Promise(() => {});`);
    await started(child, 'starting');
    child.process.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('a stop that fails exits 70', async () => {
    const child = run(
      'stop-fails',
      `console.log('started'); return { stop: async () => { throw new Error('stuck'); } };`,
    );
    await started(child);
    child.process.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 70, signal: null });
  });

  it('section 9: an echo of the first signal is no second wish, and one a second later exits at once with 1', async () => {
    const child = run(
      'second',
      `console.log('started');
       let stops = 0;
       return { stop() {
         console.log('stop ' + ++stops);
         // The child says itself when a second has passed, by its own clock.
         setTimeout(() => console.log('a second later'), 1_050);
         return new Promise(() => {});
       } };`,
    );
    await started(child);
    child.process.kill('SIGTERM');
    await started(child, 'stop 1');
    child.process.kill('SIGINT');
    child.process.kill('SIGTERM');
    await started(child, 'a second later');
    expect(child.process.exitCode).toBeNull();
    child.process.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 1, signal: null });
    expect(child.output.stdout).not.toContain('stop 2');
  });
});
