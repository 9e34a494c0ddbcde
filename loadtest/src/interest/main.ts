// `npm run loadtest:interest -- [--quick] [--only edges,busy,subscriptions,attach,outage] [--out file]`
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { describeMachine, toSentence } from '../report/machine.ts';
import { type Attached, measureAttach } from './attach.ts';
import { type BusyPoint, measureBusy } from './busy.ts';
import { type EdgesPoint, measureEdges } from './edges.ts';
import { findFailures } from './judge.ts';
import { parseInterestOptions } from './options.ts';
import { measureOutage, type Outage } from './outage.ts';
import { quickPlan, wholePlan } from './plan.ts';
import {
  toAttachTable,
  toBusyTable,
  toEdgesTable,
  toLatenessTable,
  toOutageTable,
  toSubscriptionsTable,
} from './report.ts';
import { measureSubscriptions, type SubscriptionsCost } from './subscriptions-cost.ts';

const options = parseInterestOptions(process.argv.slice(2));
const { quick, only, out } = options;
const tell = (text: string): void => console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`);

const date = new Date();
const machine = describeMachine();
const plan = quick ? quickPlan() : wholePlan();
const loadBefore = loadavg()[0] ?? 0;
console.log(
  `interest: ${JSON.stringify(options)}. ${toSentence(machine, date)} Load when it began: ${loadBefore.toFixed(1)}.`,
);

let points: EdgesPoint[] = [];
if (only.includes('edges')) {
  points = await measureEdges(plan.edges, ({ feed, layout, account, edgesCpuSec, seconds }) => {
    const cpu = edgesCpuSec.map((each) => `${((each / seconds) * 100).toFixed(0)}%`).join(' ');
    tell(
      `${feed}, ${layout.edges} edges, ${layout.share * 100}% of the topics: CPU ${cpu}, ${JSON.stringify(account)}`,
    );
  });
  console.log(`\nWhat each edge is sent, and what it uses\n\n${toEdgesTable(points)}`);
  console.log(`\nLatency, p50 / p99 ms\n\n${toLatenessTable(points)}\n`);
}

let busy: BusyPoint[] = [];
if (only.includes('busy')) {
  busy = await measureBusy(plan.busy, ({ feed, share, account }) =>
    tell(`${feed}, ${share * 100}% of the topics, as fast as one server takes them: ${JSON.stringify(account)}`),
  );
  console.log(`\nWhat a busy edge uses\n\n${toBusyTable(busy)}\n`);
}

const costs: SubscriptionsCost[] = [];
if (only.includes('subscriptions')) {
  const { counts, guarded } = plan.subscriptions;
  for (const count of counts) costs.push(await measureSubscriptions(count, false));
  costs.push(await measureSubscriptions(guarded, true));
  tell('subscriptions are measured');
  console.log(`\nWhat subscriptions cost three servers\n\n${toSubscriptionsTable(costs)}\n`);
}

const attached: Attached[] = [];
if (only.includes('attach')) {
  attached.push(...(await measureAttach(plan.attach)));
  tell('streams were opened');
  console.log(`\nHow long a stream takes to open\n\n${toAttachTable(attached)}\n`);
}

let outage: Outage | undefined;
if (only.includes('outage')) {
  outage = await measureOutage(plan.outage, tell);
  console.log(`\nThe server is killed\n\n${toOutageTable(outage)}\n`);
}

const failures = findFailures(points, busy, attached, outage);
const passed = failures.length === 0;
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value;
const about = { date: date.toISOString(), machine, loadBefore, passed, failures };
const result = { ...about, points, busy, subscriptions: costs, attached, outage };
if (out !== undefined) writeFileSync(out, `${JSON.stringify(result, rounded, 1)}\n`);
console.log(JSON.stringify(result, rounded));
for (const failure of failures) console.log(`- ${failure}`);
console.log(passed ? 'PASSED: each event came once, and each edge got its part' : 'FAILED');
process.exit(passed ? 0 : 1);
