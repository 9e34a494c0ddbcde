import { expect, test } from 'vitest';
import { runCampaign } from '../loadtest/src/fuzz/campaign.ts';
import { encodeInput } from '../loadtest/src/fuzz/input.ts';

const SECONDS = 5;
const SHOWN = 5;

test(`${SECONDS} s of odd bytes, frames, requests and tokens leave a hub as it was`, { timeout: 120_000 }, async () => {
  const seed = Math.floor(Math.random() * 1_000_000_000);
  console.log(`fuzz: --seed ${seed}`);
  // Others run beside it: it rests for more than half of the time, and leaves the minute after the last input out.
  const options = { seed, seconds: SECONDS, nats: false, batchSize: 60, share: 0.4, coolDown: false };
  const { finding, inputs } = await runCampaign(options, () => {});
  const shown = finding?.inputs.slice(0, SHOWN).map(encodeInput).join('\n');
  expect(finding?.fault, `npm run fuzz -- --seed ${seed}\n${shown}`).toBeUndefined();
  expect(inputs).toBeGreaterThanOrEqual(60);
});
