// `npm test`: everything that CI runs. Build, then the checks, then every test; the last line is the plain summary.
import { runSteps } from './run-steps.mjs';

runSteps([
  ['build', 'npx', '--no-install', 'tsc', '-b'],
  ['check', process.execPath, 'scripts/check.mjs'],
  ['tests', 'npx', '--no-install', 'vitest', 'run', ...process.argv.slice(2)],
]);
