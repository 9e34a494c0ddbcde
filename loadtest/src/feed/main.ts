// `npm run loadtest:feed -- [--quick] [--second-subscription] [--out file]`
import { writeFileSync } from 'node:fs';
import { describeMachine, toSentence } from '../report/machine.ts';
import { runCampaign } from './campaign.ts';
import { costOf } from './cost.ts';
import { type ServerCost, toDeploymentTable, USUAL_EVENT } from './deployment.ts';
import { overheadBytes } from './model.ts';
import { parseFeedOptions } from './options.ts';
import { quickPlan, wholePlan } from './plan.ts';
import { MANNER_WORDS, type Manner } from './point.ts';
import { findFailures, toBeatTable, toCostTable, toPointTable } from './report.ts';

const options = parseFeedOptions(process.argv.slice(2));
const { quick, secondSubscription, out } = options;
const tell = (text: string): void => console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`);

const date = new Date();
const machine = describeMachine();
console.log(`feed: ${JSON.stringify(options)}. ${toSentence(machine, date)}`);
const campaign = await runCampaign({ plan: quick ? quickPlan() : wholePlan(), secondSubscription }, tell);
const { verdicts, beats, bytesPerConnection, rest, restCpuSec, strangers } = campaign;

console.log(`\nBytes of one event, and how far the measured ones are from the model\n\n${toPointTable(verdicts)}`);
console.log(`\nWhat the three servers used together, without what they use at rest\n\n${toCostTable(verdicts)}`);
console.log(`\nBeats\n\n${toBeatTable(beats)}`);
console.log('\nSent in a second of rest to');
for (const { name, messages, bytes } of rest)
  console.log(`  ${name}: ${messages.toFixed(1)} messages, ${bytes.toFixed(0)} B`);
if (bytesPerConnection !== undefined)
  console.log(`\nA silent connection weighs ${(bytesPerConnection / 1024).toFixed(1)} KiB in its server.`);

const beatSec = beats.at(-1)?.cpuSecPerDelivery ?? 0;
const costs: Partial<Record<Manner, ServerCost>> = {};
for (const manner of ['bursts', 'close', 'apart'] as const) {
  const cost = costOf(verdicts, manner, beatSec);
  if (cost === undefined) continue;
  costs[manner] = cost;
  const us = (seconds: number): string => (seconds * 1e6).toFixed(1);
  console.log(
    `\nEvents ${MANNER_WORDS[manner]}: each costs the servers ${us(cost.eventSec)} µs, and each delivery ${us(cost.deliverySec)} µs.`,
  );
}
if (costs.bursts !== undefined)
  console.log(
    `\nDeployments: events of ${USUAL_EVENT.payloadBytes} B, of which an edge gets ${overheadBytes(USUAL_EVENT).toFixed(0)} B more\n\n${toDeploymentTable(costs)}`,
  );

const failures = [...strangers, ...findFailures(verdicts, beats)];
const passed = failures.length === 0;
if (out !== undefined) {
  const points = verdicts.map(({ measured, ...verdict }) => {
    const { point, servers, lagSec, drainSec, seconds } = measured;
    const used = servers.map(({ name, cpuSec, rssBytes }) => ({ name, cpuSec, rssBytes }));
    return { point, ...verdict, lagSec, drainSec, seconds, used };
  });
  const about = { date: date.toISOString(), machine, passed, failures };
  const result = { ...about, points, beats, rest, restCpuSec, bytesPerConnection, costs };
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  writeFileSync(out, `${JSON.stringify(result, rounded, 1)}\n`);
}
console.log();
for (const failure of failures) console.log(`- ${failure}`);
console.log(passed ? 'PASSED: the model holds' : 'FAILED');
process.exit(passed ? 0 : 1);
