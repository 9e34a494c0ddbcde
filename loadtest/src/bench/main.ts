// `npm run bench -- [--only broadcast-h1,burst] [--quick] [--compare] [--profile]`
import { cpus } from 'node:os';
import { failedRow, type Row } from '../report/row.ts';
import { toTextTable } from '../report/table.ts';
import { SCENARIOS } from '../scenario/catalogue.ts';
import { parseBenchOptions } from './options.ts';

const options = parseBenchOptions(
  process.argv.slice(2),
  SCENARIOS.map(({ name }) => name),
);
const tell = (text: string): void => {
  console.error(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${text}`);
};

console.error(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`);
const rows: Row[] = [];
for (const { name, title, run } of SCENARIOS) {
  if (options.only.length > 0 && !options.only.includes(name)) continue;
  tell(title);
  try {
    rows.push(...(await run({ quick: options.quick, tell })));
  } catch (error) {
    rows.push(failedRow(name, title, error));
  }
}
console.log(`\n${toTextTable(rows)}`);
