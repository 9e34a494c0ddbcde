import { atMost } from '../report/goal.ts';
import type { Row } from '../report/row.ts';
import type { BenchContext, Scenario } from './context.ts';
import { moveStreams } from './move.ts';

// TIDINGS_DRAIN_MS, unless it is configured.
const DRAIN_MS = 10_000;
const RUN_MS = 15_000;
const BIN_MS = 1_000;
const NAME = 'drain';
const TITLE = '5,000 clients of an edge that is stopped, moving to another';

/** The edge is asked to end (SIGTERM), and each client comes back after the delay that it was told. */
async function run({ quick }: BenchContext): Promise<Row[]> {
  let exitCode: number | null | undefined;
  const { returnsMs, lost, repeated, notes, ...measured } = await moveStreams(
    quick ? 1_000 : 5_000,
    RUN_MS,
    async (edge) => {
      exitCode = await edge.terminate();
    },
  );
  const seconds = Math.max(...returnsMs) / 1e3;
  const fullest = fullestBin(returnsMs) / ((returnsMs.length * BIN_MS) / DRAIN_MS);
  return [
    {
      scenario: NAME,
      title: TITLE,
      figure: `all back after ${seconds.toFixed(2)} s; ${lost} lost, ${repeated} repeated`,
      ...measured,
      notes: [...notes, `fullest second ${fullest.toFixed(2)} of the mean`, `exit code ${exitCode}`],
      verdicts: [
        atMost('within 10 s', seconds, DRAIN_MS / 1e3),
        atMost('no second over 3 of the mean', fullest, 3),
        atMost('0 lost', lost, 0),
        atMost('0 repeated', repeated, 0),
        atMost('exit code 0', exitCode ?? 1, 0),
      ],
    },
  ];
}

function fullestBin(timesMs: readonly number[]): number {
  const bins = new Map<number, number>();
  for (const ms of timesMs) {
    const bin = Math.floor(ms / BIN_MS);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return Math.max(...bins.values());
}

export const DRAIN: Scenario = { name: NAME, title: TITLE, run };
