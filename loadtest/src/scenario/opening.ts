import type { Measurement, Row } from '../report/row.ts';
import { startFloor } from '../server/floor.ts';
import type { Subject } from '../server/subject.ts';
import { startHubSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { measure } from './measure.ts';
import { runPairs } from './pairs.ts';
import { fleetOf, withSubject } from './session.ts';

const WARM_UP_STREAMS = 2_000;
const NAME = 'opening-h1';
const TITLE = 'opening streams, HTTP/1.1';

/** Opens streams as fast as the server takes them, each on a new connection: what limits a storm of reconnects. */
async function runOpening(start: () => Promise<Subject>, streams: number): Promise<Measurement> {
  return withSubject(start, async (subject, generator) => {
    const earlier = fleetOf(subject, { name: 'earlier', streams: WARM_UP_STREAMS });
    await generator.ask('open', earlier);
    await generator.ask('close', earlier);
    const {
      cpuSec,
      result: _,
      ...rest
    } = await measure(subject, generator, () => generator.ask('open', fleetOf(subject, { streams })));
    return { ...rest, rate: { perCpuSec: streams / cpuSec, unit: 'streams' } };
  });
}

async function run({ quick }: BenchContext): Promise<Row[]> {
  const streams = quick ? 1_000 : 3_000;
  const result = await runPairs({
    rounds: quick ? 1 : 3,
    floor: () => runOpening(() => startFloor({ transport: 'h1' }), streams),
    tidings: () => runOpening(() => startHubSubject({ transport: 'h1' }), streams),
  });
  return [{ scenario: NAME, title: TITLE, ...result, verdicts: [] }];
}

export const OPENING: Scenario = { name: NAME, title: TITLE, run };
