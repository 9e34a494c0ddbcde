import { MAX_STREAM_TOPICS, parsePattern, TidingsError } from '@tidings/protocol';
import { createTidings, type TidingsEvent } from '@tidings/sdk/subscriber';
import { type Command, createCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { currentToken, deploymentOf, HUB_ARGS } from '../deployment.ts';
import { isHubError, toCommandError } from '../hub-failure.ts';
import { note, print } from '../io.ts';
import { paintFor, toQuoted } from '../terminal-text.ts';
import { tenantOf, toCloudEventLine } from './cloud-event-line.ts';
import { toJsonLine, toPrettyLine } from './event-line.ts';
import { parseSince } from './since.ts';
import { tail } from './tail.ts';

/** `tidings tail`: follows topics. */
export const tailCommand: Command = createCommand({
  name: 'tail',
  description:
    'Show events of topics as they come. It connects again by itself, and goes on exactly where it was; what is missing is told on standard error.',
  examples: [
    "tidings tail 'orders.*' --since 10m",
    "tidings tail 'chat.>' --json | jq .data",
    "tidings tail 'orders.*' --format cloudevents",
    'tidings tail build.7 --until-final',
    'tidings tail prices.eur --since last --count 1',
  ],
  isVariadic: true,
  args: {
    topics: {
      type: 'positional',
      required: true,
      description: 'Topics or patterns, in quotes for the sake of the shell.',
    },
    since: {
      type: 'string',
      valueHint: 'when',
      description:
        'What is to come of the past: all, last (the newest of each topic), a count, a duration such as 10m, or an RFC 3339 time.',
    },
    after: { type: 'string', valueHint: 'id', description: 'Go on after the event with this id.' },
    'until-final': {
      type: 'boolean',
      description: 'Finite topics: from the start, unless --since says less, to the final event of each.',
    },
    final: { type: 'boolean', description: 'The same.' },
    count: { type: 'string', valueHint: 'n', description: 'End after so many events.' },
    json: { type: 'boolean', description: 'Print the envelope of each event as JSON on one line.' },
    format: {
      type: 'string',
      valueHint: 'envelope|cloudevents',
      description: 'Print each event as JSON on one line: its envelope, as --json does, or a CloudEvent.',
    },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const topics = args._.map(toPattern);
    if (topics.length > MAX_STREAM_TOPICS) throw new UsageError(`${MAX_STREAM_TOPICS} topics are the most.`);
    const untilFinal = args['until-final'] || args.final;
    if (args.after !== undefined && (args.since !== undefined || untilFinal)) {
      throw new UsageError('--after says where to begin: it goes with neither --since nor --until-final.');
    }
    const since = args.since === undefined ? undefined : parseSince(args.since, io.now());
    const count = args.count === undefined ? undefined : parseCount(args.count);
    const { format = args.json ? 'envelope' : 'pretty' } = args;
    if (args.format !== undefined && !['envelope', 'cloudevents'].includes(format)) {
      throw new UsageError('--format is envelope or cloudevents.');
    }
    const deployment = deploymentOf(args, io.env);
    const { url, token } = deployment;
    const hasToken = token !== undefined;
    const client = createTidings({
      url,
      ...(hasToken && { token: () => currentToken(args, deployment) }),
      ...(args.after !== undefined && { cursor: args.after }),
    });
    const paint = paintFor(io.stdout, io.env);
    const toLine = (each: TidingsEvent): string => {
      if (format === 'cloudevents') return toCloudEventLine(each, tenantOf(token));
      return format === 'envelope' ? toJsonLine(each) : toPrettyLine(each, paint);
    };
    const event = (each: TidingsEvent): void => print(io, toLine(each));
    try {
      await tail(client, { topics, since, untilFinal, count }, { event, note: (text) => note(io, text) });
    } catch (error) {
      throw isHubError(error) ? toCommandError(error, { url, hasToken }) : error;
    }
  },
});

function toPattern(text: string): string {
  try {
    return parsePattern(text);
  } catch (error) {
    if (error instanceof TidingsError) throw new UsageError(`${toQuoted(text)}: ${error.message}`);
    throw error;
  }
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError('--count is a whole number, 1 or more.');
}
