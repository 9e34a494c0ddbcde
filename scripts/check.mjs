// `npm run check`: everything that judges the code without running it.
import { runTogether } from './run-steps.mjs';

await runTogether([
  ['lockfile', 'scripts/check-lockfile.mjs'],
  ['types of the tests', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json'],
  ['types of the load tests', 'node_modules/typescript/bin/tsc', '-p', 'loadtest/k6'],
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  ['unused code', 'node_modules/knip/bin/knip.js'],
  ['sizes', 'scripts/bundle-sizes.mjs'],
]);
