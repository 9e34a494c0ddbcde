import { systemClock } from '@tidings/runtime';
import { type ArgsDef, type CommandDef, defineCommand } from 'citty';
import { DEPLOYMENT_ARGS, deploymentOf, refuseUnknown } from '../doctor/deployment.ts';
import { UsageError } from '../doctor/usage-error.ts';
import { type BenchResult, type Progress, runBench } from './bench.ts';
import { excessesOf, parsePlan } from './plan.ts';
import { ReaderRefused } from './reader.ts';
import { exitCodeOf, toJson, toText } from './report.ts';

const SETTLE_MS = 10_000;
const PROGRESS_MS = 250;

const args: ArgsDef = {
  ...DEPLOYMENT_ARGS,
  streams: { type: 'string', description: 'Streams to open. Default: 100.' },
  topics: { type: 'string', description: 'Topics to spread streams and events over. Default: 10.' },
  rate: { type: 'string', description: 'Events a second. Default: 100.' },
  size: { type: 'string', description: 'Bytes of each payload. Default: 200.' },
  duration: { type: 'string', valueHint: 'seconds', description: 'How long to publish. Default: 10.' },
  topic: { type: 'string', description: 'What the topics begin with. Default: tidings.bench.<random>.' },
  yes: { type: 'boolean', description: 'Load it more than is done without asking.' },
  json: { type: 'boolean', description: 'Print JSON.' },
};

/** `tidings bench`: a quick load test of a deployment, which counts what comes and how late. */
export const benchCommand: CommandDef = defineCommand({
  meta: { name: 'bench', description: 'Load a deployment a little, and count what arrives, and how late.' },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args);
    const deployment = deploymentOf(given, process.env);
    const plan = parsePlan(given);
    const excesses = excessesOf(plan);
    if (excesses.length > 0 && !given.yes) {
      throw new UsageError(
        `That is a lot for a deployment that others use: ${excesses.join('; ')}. Say --yes to do it.`,
      );
    }
    console.error(
      `This loads ${deployment.url} with ${plan.streams} streams and ${plan.rate} events a second for ${plan.durationSec} s.`,
    );
    // The clock's timers let a process end that waits for nothing else.
    const stay = setInterval(() => {}, 60_000);
    try {
      const result = await watched((onStart) =>
        runBench({ deployment, plan, clock: systemClock, settleMs: SETTLE_MS }, onStart),
      );
      console.log(
        given.json ? JSON.stringify(toJson(result, plan, deployment.url), undefined, 2) : toText(result, plan),
      );
      process.exitCode = exitCodeOf(result);
    } catch (error) {
      if (!(error instanceof ReaderRefused)) throw error;
      console.error(`A stream was not opened: ${error.message}`);
      process.exitCode = 1;
    } finally {
      clearInterval(stay);
    }
  },
});

/** Runs it with a line on a terminal that says where it stands. */
async function watched(
  run: (onStart: (progress: () => Progress) => void) => Promise<BenchResult>,
): Promise<BenchResult> {
  const terminal = process.stderr.isTTY;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await run((progress) => {
      if (terminal) timer = setInterval(() => process.stderr.write(`\r${toLine(progress())}\x1b[K`), PROGRESS_MS);
    });
  } finally {
    clearInterval(timer);
    if (timer !== undefined) process.stderr.write('\r\x1b[K');
  }
}

const toLine = ({ open, expected, delivered }: Progress): string =>
  `${open} streams, ${delivered} delivered of ${expected}`;
