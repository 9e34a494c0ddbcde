// `npm run chaos -- --minutes 10 [--seed n] [--rate 500] [--clients 100] [--feed all|interest|mixed] [--without-repair]`
import { parseArgs } from 'node:util';
import { type CampaignOptions, runCampaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1_000_000)}` },
    rate: { type: 'string', default: '500' },
    clients: { type: 'string', default: '100' },
    feed: { type: 'string', default: 'all' },
    'without-repair': { type: 'boolean', default: false },
  },
});
const { feed } = values;
if (feed !== 'all' && feed !== 'interest' && feed !== 'mixed') throw new TypeError('--feed is all, interest or mixed');
const options: CampaignOptions = {
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  rate: Number(values.rate),
  clients: Number(values.clients),
  feed,
  repair: !values['without-repair'],
};
const tell = (text: string): void => {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`);
};

console.log(`chaos: ${JSON.stringify(options)}`);
const { counts, reasons } = await runCampaign(options, tell);
console.log();
for (const [name, count] of Object.entries(counts)) console.log(`${`${count}`.padStart(12)}  ${name}`);
console.log();
for (const reason of reasons) console.log(`- ${reason}`);
console.log(JSON.stringify({ ...options, passed: reasons.length === 0, ...counts }));
console.log(reasons.length === 0 ? 'PASSED' : `FAILED: run it again with --seed ${options.seed}`);
process.exit(reasons.length === 0 ? 0 : 1);
