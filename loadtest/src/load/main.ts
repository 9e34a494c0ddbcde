// `npm run loadtest -- <scenario> [options]`; without a scenario it lists them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../server/measured-process.ts';
import { SCENARIOS } from './catalogue.ts';
import { BY_HAND } from './fault.ts';
import { findK6 } from './k6-process.ts';
import { type LoadOptions, parseLoadOptions, USAGE } from './options.ts';
import { createProgress } from './progress.ts';
import { toReport } from './report.ts';
import { isGood } from './result.ts';
import { runLoad } from './run.ts';
import { toLoadTable } from './table.ts';

const EXIT_NOT_MET = 1;
const EXIT_USAGE = 2;

function read(): LoadOptions | undefined {
  try {
    return parseLoadOptions(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(`${(error as Error).message}\n`);
    console.error(USAGE);
    process.exit(EXIT_USAGE);
  }
}

const options = read();
if (options === undefined) {
  console.log(USAGE);
  process.exit(0);
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort());

const fault = SCENARIOS[options.scenario]?.fault;
if (options.target !== undefined && fault !== undefined) console.error(BY_HAND[fault]);
const progress = createProgress(process.stderr);
try {
  const result = await runLoad({
    ...options,
    k6: await findK6(),
    onLine: progress.line,
    onMark: progress.mark,
    signal: ending.signal,
  });
  progress.end();
  const out = options.out === undefined ? join(ROOT, 'loadtest/results/load', options.scenario) : resolve(options.out);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'result.json'), `${JSON.stringify(result, undefined, 1)}\n`);
  writeFileSync(join(out, 'report.html'), toReport(result));
  console.log(`\n${toLoadTable(result)}\n\n${join(out, 'report.html')}`);
  process.exitCode = isGood(result) ? 0 : EXIT_NOT_MET;
} catch (error) {
  progress.end();
  console.error(ending.signal.aborted ? 'ended early, as asked' : (error as Error).message);
  process.exitCode = EXIT_NOT_MET;
}
