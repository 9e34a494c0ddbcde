// `npm run fuzz -- [--minutes 10 | --seconds 30] [--seed n] [--nats] [--replay file]`
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './batch.ts';
import { replay, runCampaign } from './campaign.ts';
import { encodeInput, type Input, parseInput, textOf } from './input.ts';
import { parseFuzzOptions } from './options.ts';

const MOST_SHOWN = 1_500;

const options = parseFuzzOptions(process.argv.slice(2));
const tell = (text: string): void => {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`);
};

function describe({ fault, inputs }: Finding): void {
  console.log(`FOUND: ${fault}`);
  const [input] = inputs;
  if (input === undefined) return;
  if (inputs.length > 1) {
    console.log(`after any of ${inputs.length} inputs`);
    return;
  }
  console.log(`${input.kind}, ${input.what}, to the ${input.service} over ${input.protocol}:`);
  console.log(JSON.stringify(textOf(input)).slice(0, MOST_SHOWN));
}

function save(inputs: readonly Input[], seed: number): void {
  const file = join(mkdtempSync(join(tmpdir(), 'tidings-fuzz-')), `seed-${seed}.jsonl`);
  writeFileSync(file, inputs.map((input) => `${encodeInput(input)}\n`).join(''));
  console.log(`send it again: npm run fuzz -- ${options.nats ? '--nats ' : ''}--replay ${file}`);
}

async function replayFile(file: string): Promise<boolean> {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const finding = await replay(lines.map(parseInput), options.nats);
  if (finding !== undefined) describe(finding);
  return finding === undefined;
}

async function fuzz(): Promise<boolean> {
  console.log(`fuzz: ${JSON.stringify(options)}`);
  const { finding, summary } = await runCampaign(options, tell);
  console.log(`\n${summary.join('\n')}`);
  if (finding === undefined) return true;
  describe(finding);
  console.log(`seed ${options.seed}, inputs from ${finding.place}`);
  let { inputs } = finding;
  if (inputs.length > 1) {
    console.log('looking for the one');
    const again = await replay(inputs, options.nats);
    if (again !== undefined) {
      describe(again);
      inputs = again.inputs;
    }
  }
  save(inputs, options.seed);
  return false;
}

const passed = options.replay === undefined ? await fuzz() : await replayFile(options.replay);
console.log(passed ? 'PASSED' : 'FAILED');
process.exit(passed ? 0 : 1);
