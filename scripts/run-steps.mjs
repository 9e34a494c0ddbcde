import { spawnSync } from 'node:child_process';

/**
 * Runs commands one after the other, each with its output shown, and stops at the first that fails.
 * @param {readonly [name: string, command: string, ...args: string[]][]} steps
 */
export function runSteps(steps) {
  for (const [name, command, ...args] of steps) {
    const started = performance.now();
    // `npx --no-install` never fetches: what is not in the lockfile is not run.
    const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
    if (status !== 0) {
      console.error(
        `\n${name} failed${error ? `: ${error.message}` : ''}. To run it alone: ${[command, ...args].join(' ')}`,
      );
      process.exit(status ?? 1);
    }
    // The last step closes the output with its own words.
    if (name === steps.at(-1)?.[0]) return;
    console.log(`${name}: passed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}
