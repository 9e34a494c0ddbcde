import { HubError } from '@tidings/sdk/publisher';
import { type Command, createCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS } from '../deployment.ts';
import { isHubError, toCommandError } from '../hub-failure.ts';
import { print } from '../io.ts';
import { readEvents } from './event-source.ts';
import { publishAll } from './publish.ts';
import { createReport } from './report.ts';
import { createSink } from './sink.ts';
import { PUBLISH_ARGS, parseWish } from './wish.ts';

/** `tidings publish`: publishes a payload, or what stands on standard input. */
export const publishCommand: Command = createCommand({
  name: 'publish',
  description:
    'Publish an event, or one for each line of standard input. It ends once the hub has stored them, and prints the cursor of the last one.',
  examples: [
    "tidings publish orders.42 'packed' --event status --id order-42-packed",
    `tidings publish orders.42 '{"state":"shipped"}' --type json`,
    "tidings publish reminders.alice 'Tea is ready' --delay 5m",
    'make 2>&1 | tidings publish build.7 --final',
    'tidings publish --user alice --raw < letter.txt',
    'tidings publish --ndjson --json < events.ndjson',
  ],
  args: { ...PUBLISH_ARGS, ...HUB_ARGS, ...INGEST_ARGS },
  async run({ args, io }) {
    const wish = parseWish(args);
    const readsInput = wish.mode !== 'data';
    if (readsInput && args['token-file'] === '-') {
      throw new UsageError('Standard input is either the token or what is published.');
    }
    const deployment = deploymentOf(args, io.env);
    const asked = { url: deployment.ingestUrl, hasToken: deployment.publishToken !== undefined };
    const report = createReport(io, { json: args.json === true, readsInput });
    try {
      // It would be found out only with the first event.
      if (!asked.hasToken) throw new HubError('unauthenticated', 'A token is needed.', { status: 401 });
      const events = readEvents(wish, io.stdin, report.read);
      const cursor = await publishAll(events, createSink(deployment, report.note), report);
      report.end(false);
      if (!args.json && cursor !== undefined) print(io, cursor);
    } catch (error) {
      report.end(true);
      throw isHubError(error) ? toCommandError(error, asked) : error;
    }
  },
});
