import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * A script of the repository or of a package of the lockfile, with its arguments. Each is run by Node itself: npx would
 * add half a second to every step.
 * @typedef {readonly [name: string, script: string, ...args: string[]]} Step
 */

/**
 * Runs scripts one after the other, each with its output shown, and stops at the first that fails.
 * @param {readonly Step[]} steps
 */
export function runSteps(steps) {
  for (const step of steps) {
    const [name, ...words] = step;
    const started = performance.now();
    const { status, error } = spawnSync(process.execPath, words, { stdio: 'inherit' });
    if (status !== 0) {
      reportFailure(step, error);
      process.exit(status ?? 1);
    }
    // The last step closes the output with its own words.
    if (step !== steps.at(-1)) reportSuccess(name, started);
  }
}

/**
 * Runs scripts beside each other and shows the output of each when it ends; every one is run to its end, so that all
 * that is wrong is seen at once.
 * @param {readonly Step[]} steps
 */
export async function runTogether(steps) {
  const statuses = await Promise.all(
    steps.map(async (step) => {
      const [name, ...words] = step;
      const started = performance.now();
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
      const exited = new Promise((resolve) => child.once('close', resolve));
      const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
      process.stdout.write(out);
      process.stderr.write(err);
      if (status === 0) reportSuccess(name, started);
      else reportFailure(step);
      return status;
    }),
  );
  process.exitCode = statuses.some((status) => status !== 0) ? 1 : 0;
}

/**
 * @param {string} name
 * @param {number} started
 */
function reportSuccess(name, started) {
  console.log(`${name}: passed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * @param {Step} step
 * @param {Error} [error]
 */
function reportFailure([name, ...words], error) {
  console.error(`\n${name} failed${error ? `: ${error.message}` : ''}. To run it alone: node ${words.join(' ')}`);
}
