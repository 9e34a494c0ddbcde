import { type Command, createCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS, PUBLISH_TOKEN_ARGS } from '../deployment.ts';
import { note, print } from '../io.ts';
import { numberOf, textOf } from '../option-value.ts';

const HEARTBEAT_SEC = 15;
const MOST_HEARTBEAT_SEC = 60;

/** `tidings doctor`: looks at a deployment from outside, as its clients do, and says what to fix. */
export const doctorCommand: Command = createCommand({
  name: 'doctor',
  description:
    'Look at a deployment from outside, as a client does, and say what to fix. It publishes some small events that history soon forgets.',
  examples: [
    'tidings doctor --url https://events.example.com --origin https://app.example.com',
    'tidings doctor --quick --json',
  ],
  args: {
    topic: {
      type: 'string',
      valueHint: 'topic',
      description: 'The topic to publish to and listen on. Default: tidings.doctor.<random>.',
    },
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
    json: { type: 'boolean', description: 'Print the findings as one JSON document.' },
    ...HUB_ARGS,
    ...INGEST_ARGS,
    ...PUBLISH_TOKEN_ARGS,
  },
  async run({ args: given, io }) {
    const deployment = deploymentOf(given, io.env);
    const heartbeatMs = 1_000 * numberOf(given, 'heartbeat', HEARTBEAT_SEC, 1, MOST_HEARTBEAT_SEC);
    const origin = originOf(textOf(given.origin));
    const [{ systemClock }, { examine }, { PATIENCE }, report] = await Promise.all([
      import('@tidings/runtime'),
      import('./examine.ts'),
      import('./probe.ts'),
      import('./report.ts'),
    ]);
    const { exitCodeOf, toJson, toSummary, toText } = report;
    if (io.stderr.isTTY && !given.quick) {
      note(io, 'this takes about half a minute, for the heartbeats; --quick does without.');
    }
    // The clock's timers let a process end that waits for nothing else.
    const stay = setInterval(() => {}, 60_000);
    try {
      const options = {
        deployment,
        topic: textOf(given.topic),
        origin,
        heartbeatMs: given.quick ? undefined : heartbeatMs,
        patience: PATIENCE,
        clock: systemClock,
      };
      const diagnosis = await examine(options, (examined) => {
        if (!given.json) print(io, toText(examined));
      });
      const all = given.json
        ? JSON.stringify(toJson(diagnosis, deployment.url), undefined, 2)
        : `\n${toSummary(diagnosis)}`;
      print(io, all);
      return exitCodeOf(diagnosis);
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
