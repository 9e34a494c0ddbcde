// `npm run bench -- [--only broadcast-h1,burst] [--quick] [--compare] [--profile] [--with journal]`
import { profileBroadcast, toProfileTables } from '../profile/profile-broadcast.ts';
import { describeMachine, toSentence } from '../report/machine.ts';
import { failedRow, type Row } from '../report/row.ts';
import { toTextTable } from '../report/table.ts';
import { SCENARIOS } from '../scenario/catalogue.ts';
import { COMPARISONS } from '../scenario/compare.ts';
import type { Scenario } from '../scenario/context.ts';
import { switchOn } from './beside.ts';
import { parseBenchOptions } from './options.ts';
import { writePartial, writeReport, writeSection } from './write-report.ts';

const ALL = [...SCENARIOS, ...COMPARISONS];
const {
  only,
  quick,
  compare,
  profile,
  with: features,
} = parseBenchOptions(
  process.argv.slice(2),
  ALL.map(({ name }) => name),
);
// Progress goes to standard error, so that standard output holds the table alone.
const tell = (text: string): void => {
  console.error(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${text}`);
};
const sentence = toSentence(describeMachine(), new Date());
console.error(sentence);

async function runAll(scenarios: readonly Scenario[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, title, run } of scenarios) {
    tell(title);
    try {
      rows.push(...(await run({ quick, tell })));
    } catch (error) {
      rows.push(failedRow(name, title, error));
    }
  }
  return rows;
}

if (profile) {
  tell('profiling the broadcast over HTTP/1.1');
  const tables = toProfileTables(await profileBroadcast());
  writeSection('profile', `${sentence}\n\n${tables}`);
  console.log(`\n${tables}`);
} else {
  const chosen = only.length > 0 ? ALL.filter(({ name }) => only.includes(name)) : compare ? ALL : SCENARIOS;
  const switchOff = await switchOn(features);
  const rows = await runAll(chosen);
  await switchOff();
  if (quick || only.length > 0 || features.length > 0) writePartial(rows);
  else writeReport(rows, performance.now() / 1_000);
  console.log(`\n${toTextTable(rows)}`);
}
