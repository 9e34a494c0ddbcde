// `npm run soak -- [--minutes 10] [--idle-h1 15000] [--idle-h2 50000] [--churn 200] [--readers 300] [--never-read 10]`
import { setTimeout as sleep } from 'node:timers/promises';
import { startTidings, targetOf } from '../server/tidings.ts';
import { createCrowd } from './crowd.ts';
import { judgeSoak } from './judge.ts';
import { parseSoakOptions } from './options.ts';
import { type Sample, takeSample } from './sample.ts';

const SAMPLES = 60;
const SHORTEST_INTERVAL_MS = 2_000;
const LEAVE_TRIES = 30;

// History is small, so that it is full before anything is judged.
const ENV = { TIDINGS_HISTORY_MAX_BYTES: '2000000', TIDINGS_RING_MAX_BYTES: '2000000' };

const options = parseSoakOptions(process.argv.slice(2));
console.log(`soak: ${JSON.stringify(options)}`);
const startMs = performance.now();
const server = await startTidings('hub', { transport: 'h1', flags: ['--expose-gc'] }, ENV);
const crowd = createCrowd(options, await targetOf(server, 'h1'), await targetOf(server, 'h2c'));
process.once('exit', () => void server.stop());

function show(what: string, { atSec, rssMb, heapMb, handles, streams, files }: Sample): void {
  const memory = `RSS ${rssMb.toFixed(1)} MB, heap ${heapMb.toFixed(1)} MB`;
  console.log(
    `${atSec.toFixed(1).padStart(7)} s  ${what}: ${memory}, ${handles} handles, ${files} files, ${streams} streams`,
  );
}

async function look(what: string): Promise<Sample> {
  const sample = await takeSample(server, startMs);
  show(what, sample);
  return sample;
}

async function soak(): Promise<boolean> {
  // The first answer loads what all later ones need.
  await takeSample(server, startMs);
  const base = await look('before');
  await crowd.gather();
  await look('all are there');

  const durationMs = options.minutes * 60_000;
  const intervalMs = Math.max(SHORTEST_INTERVAL_MS, durationMs / SAMPLES);
  const during: Sample[] = [];
  let faults: string[] | undefined;
  const milling = crowd.mill(durationMs).then((found) => {
    faults = found;
  });
  milling.catch(() => {});
  for (let turn = 0; turn * intervalMs < durationMs && faults === undefined; turn += 1) {
    await Promise.race([sleep(intervalMs), milling]);
    if (faults === undefined) during.push(await look('soaking'));
  }
  await milling;
  await crowd.leave();

  let after = await look('all have left');
  // Once more than needed: what was closed last is collected by then.
  for (let tries = 0, empty = 0; tries < LEAVE_TRIES && empty < 3; tries += 1) {
    await sleep(1_000);
    after = await takeSample(server, startMs);
    if (after.streams === 0 && after.handles <= base.handles) empty += 1;
  }
  show('afterwards', after);
  const verdicts = judgeSoak({ base, during, after, faults: faults ?? [] });
  for (const { goal, met } of verdicts) console.log(`${met ? 'met    ' : 'NOT MET'}  ${goal}`);
  const passed = verdicts.every(({ met }) => met);
  console.log(JSON.stringify({ ...options, passed, base, last: during.at(-1), after, verdicts }));
  return passed;
}

let passed = false;
try {
  passed = await soak();
} catch (error) {
  console.log(`it could not go on: ${(error as Error).message}`);
} finally {
  await crowd.leave();
  await server.stop();
}
console.log(passed ? 'PASSED' : 'FAILED');
process.exit(passed ? 0 : 1);
