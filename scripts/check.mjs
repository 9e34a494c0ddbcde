// `npm run check`: everything that reads the code without running it.
import { runSteps } from './run-steps.mjs';

runSteps([
  ['lockfile', process.execPath, 'scripts/check-lockfile.mjs'],
  ['types of the tests', 'npx', '--no-install', 'tsc', '-p', 'tsconfig.test.json'],
  ['format and lint', 'npx', '--no-install', 'biome', 'check', '--error-on-warnings', '.'],
  ['unused code', 'npx', '--no-install', 'knip'],
]);
