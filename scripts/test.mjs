// `npm test`: everything that CI runs. Build, then the checks, then every test; the last line is the plain summary.
import { runSteps } from './run-steps.mjs';

process.env.WORKSPACES_ARE_BUILT = 'yes';
runSteps([
  ['build', 'scripts/build.mjs'],
  ['check', 'scripts/check.mjs'],
  ['tests', 'node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)],
]);
