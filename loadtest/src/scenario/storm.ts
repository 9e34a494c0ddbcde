import { atMost } from '../report/goal.ts';
import type { Row } from '../report/row.ts';
import type { BenchContext, Scenario } from './context.ts';
import { moveStreams } from './move.ts';

const RUN_MS = 6_000;
const NAME = 'reconnect-storm';
const TITLE = '5,000 clients of an edge that is killed, resuming on another';

/** Each comes back at once, without the delay that a browser would leave. */
async function run({ quick }: BenchContext): Promise<Row[]> {
  const { returnsMs, lost, repeated, ...measured } = await moveStreams(quick ? 1_000 : 5_000, RUN_MS, (edge) =>
    edge.stop(),
  );
  const seconds = Math.max(...returnsMs) / 1e3;
  return [
    {
      scenario: NAME,
      title: TITLE,
      figure: `${seconds.toFixed(2)} s; ${lost} lost, ${repeated} repeated`,
      ...measured,
      verdicts: [
        atMost('caught up < 1.5 s', seconds, 1.5),
        atMost('0 lost', lost, 0),
        atMost('0 repeated', repeated, 0),
      ],
    },
  ];
}

export const STORM: Scenario = { name: NAME, title: TITLE, run };
