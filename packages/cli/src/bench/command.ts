import { type Command, createCommand } from '../command.ts';
import { EXIT, UsageError } from '../command-error.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS, PUBLISH_TOKEN_ARGS } from '../deployment.ts';
import { type Io, note, print } from '../io.ts';
import type { BenchResult, Progress } from './bench.ts';
import { excessesOf, parsePlan } from './plan.ts';

const SETTLE_MS = 10_000;
const PROGRESS_MS = 250;

/** `tidings bench`: a quick load test of a deployment, which counts what comes and how late. */
export const benchCommand: Command = createCommand({
  name: 'bench',
  description:
    'Load a deployment a little, and count what arrives, and how late. It ends with 1 when an event was lost, repeated or out of order.',
  examples: ['tidings bench --streams 500 --rate 200', 'tidings bench --duration 30 --json | jq .latencyMs'],
  args: {
    streams: { type: 'string', valueHint: 'n', description: 'Streams to open. Default: 100.' },
    topics: { type: 'string', valueHint: 'n', description: 'Topics to spread streams and events over. Default: 10.' },
    rate: { type: 'string', valueHint: 'n', description: 'Events a second. Default: 100.' },
    size: { type: 'string', valueHint: 'bytes', description: 'Bytes of each payload. Default: 200.' },
    duration: { type: 'string', valueHint: 'seconds', description: 'How long to publish. Default: 10.' },
    topic: {
      type: 'string',
      valueHint: 'topic',
      description: 'What the topics begin with. Default: tidings.bench.<random>.',
    },
    yes: { type: 'boolean', description: 'Load it more than is done without asking.' },
    json: { type: 'boolean', description: 'Print the result as one JSON document.' },
    ...HUB_ARGS,
    ...INGEST_ARGS,
    ...PUBLISH_TOKEN_ARGS,
  },
  async run({ args: given, io }) {
    const deployment = deploymentOf(given, io.env);
    const plan = parsePlan(given);
    const excesses = excessesOf(plan);
    if (excesses.length > 0 && !given.yes) {
      throw new UsageError(
        `That is a lot for a deployment that others use: ${excesses.join('; ')}. Say --yes to do it.`,
      );
    }
    const [{ systemClock }, { runBench }, { ReaderRefused }, { exitCodeOf, toJson, toText }] = await Promise.all([
      import('@tidings/runtime'),
      import('./bench.ts'),
      import('./reader.ts'),
      import('./report.ts'),
    ]);
    const { streams, rate, durationSec } = plan;
    note(io, `this loads ${deployment.url} with ${streams} streams and ${rate} events a second for ${durationSec} s.`);
    // The clock's timers let a process end that waits for nothing else.
    const stay = setInterval(() => {}, 60_000);
    try {
      const result = await watched(io, (onStart) =>
        runBench({ deployment, plan, clock: systemClock, settleMs: SETTLE_MS }, onStart),
      );
      const text = given.json
        ? JSON.stringify(toJson(result, plan, deployment.url), undefined, 2)
        : toText(result, plan);
      print(io, text);
      return exitCodeOf(result);
    } catch (error) {
      if (!(error instanceof ReaderRefused)) throw error;
      note(io, `a stream was not opened: ${error.message}`);
      return EXIT.no;
    } finally {
      clearInterval(stay);
    }
  },
});

/** Runs it with a line on a terminal that says where it stands. */
async function watched(
  { stderr }: Io,
  run: (onStart: (progress: () => Progress) => void) => Promise<BenchResult>,
): Promise<BenchResult> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await run((progress) => {
      if (stderr.isTTY) timer = setInterval(() => stderr.write(`\r${toLine(progress())}\x1b[K`), PROGRESS_MS);
    });
  } finally {
    clearInterval(timer);
    if (timer !== undefined) stderr.write('\r\x1b[K');
  }
}

const toLine = ({ open, expected, delivered }: Progress): string =>
  `${open} streams, ${delivered} delivered of ${expected}`;
