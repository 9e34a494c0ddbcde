import { systemClock } from '@tidings/runtime';
import { type ArgsDef, type CommandDef, defineCommand } from 'citty';
import { DEPLOYMENT_ARGS, deploymentOf, numberOf, refuseUnknown, textOf } from './deployment.ts';
import { examine } from './examine.ts';
import { PATIENCE } from './probe.ts';
import { exitCodeOf, toJson, toSummary, toText } from './report.ts';
import { UsageError } from './usage-error.ts';

const HEARTBEAT_SEC = 15;
const MOST_HEARTBEAT_SEC = 60;

const args: ArgsDef = {
  ...DEPLOYMENT_ARGS,
  topic: { type: 'string', description: 'The topic to publish to and listen on. Default: tidings.doctor.<random>.' },
  origin: {
    type: 'string',
    valueHint: 'origin',
    description: 'The origin of a page that is to use it, such as https://app.example.com.',
  },
  heartbeat: {
    type: 'string',
    valueHint: 'seconds',
    description: `TIDINGS_HEARTBEAT_MS of the edges, in seconds. Default: ${HEARTBEAT_SEC}.`,
  },
  quick: { type: 'boolean', description: 'Do not wait for heartbeats, which takes half a minute.' },
  json: { type: 'boolean', description: 'Print JSON.' },
};

/** `tidings doctor`: looks at a deployment from outside, as its clients do, and says what to fix. */
export const doctorCommand: CommandDef = defineCommand({
  meta: { name: 'doctor', description: 'Look at a deployment from outside, as a client does, and say what to fix.' },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args);
    const deployment = deploymentOf(given, process.env);
    const heartbeatMs = 1_000 * numberOf(given, 'heartbeat', HEARTBEAT_SEC, 1, MOST_HEARTBEAT_SEC);
    if (process.stderr.isTTY && !given.quick) {
      console.error('This takes about half a minute, for the heartbeats; --quick does without.');
    }
    // The clock's timers let a process end that waits for nothing else.
    const stay = setInterval(() => {}, 60_000);
    try {
      const options = {
        deployment,
        topic: textOf(given.topic),
        origin: originOf(textOf(given.origin)),
        heartbeatMs: given.quick ? undefined : heartbeatMs,
        patience: PATIENCE,
        clock: systemClock,
      };
      const diagnosis = await examine(options, (examined) => {
        if (!given.json) console.log(toText(examined));
      });
      console.log(
        given.json ? JSON.stringify(toJson(diagnosis, deployment.url), undefined, 2) : `\n${toSummary(diagnosis)}`,
      );
      process.exitCode = exitCodeOf(diagnosis);
    } finally {
      clearInterval(stay);
    }
  },
});

// As a browser sends it: without a slash at the end.
function originOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^https?:\/\/[^/]+\/?$/.test(text) || !URL.canParse(text)) {
    throw new UsageError('--origin is an origin such as https://app.example.com.');
  }
  return new URL(text).origin;
}
