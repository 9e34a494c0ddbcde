import { fstatSync } from 'node:fs';
import { type Command, createCommand } from '../command.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS } from '../deployment.ts';
import { isHubError, toCommandError } from '../hub-failure.ts';
import { type Input, note, print } from '../io.ts';
import { readEvents } from './event-source.ts';
import { createHubSink } from './hub-sink.ts';
import { createProgressBar, toCount } from './progress.ts';
import { type EventResult, publishAll } from './publish.ts';
import { PUBLISH_ARGS, parseWish } from './wish.ts';

const MOST_TOLD = 20;

/** `tidings publish`: publishes a payload, or what stands on standard input. */
export const publishCommand: Command = createCommand({
  name: 'publish',
  description:
    'Publish an event, or one for each line of standard input. It ends once the hub has stored them, and prints the cursor of the last one.',
  examples: [
    "tidings publish orders.42 'packed' --event status --id order-42-packed",
    `tidings publish orders.42 '{"state":"shipped"}' --type json`,
    'make 2>&1 | tidings publish build.7 --final',
    'tidings publish --user alice --raw < letter.txt',
    'tidings publish --ndjson --json < events.ndjson',
  ],
  args: { ...PUBLISH_ARGS, ...HUB_ARGS, ...INGEST_ARGS },
  async run({ args, io }) {
    const wish = parseWish(args);
    const { ingestUrl: url, token } = deploymentOf(args, io.env, ['TIDINGS_PUBLISH_TOKEN', 'TIDINGS_TOKEN']);
    const { stdin, stderr, stdout } = io;
    const readsInput = wish.mode !== 'data';
    if (readsInput && stdin.isTTY) note(io, 'one event a line; Ctrl-D ends');
    // On one terminal the two would write into each other.
    const isShown = readsInput && !stdin.isTTY && stderr.isTTY === true && !(args.json && stdout.isTTY);
    const bar = createProgressBar({ stderr, isShown });
    const startMs = io.now();
    const totalBytes = isShown ? sizeOf(stdin) : undefined;
    let bytes = 0;
    let told = 0;
    let published = 0;

    function tell(result: EventResult, line: number | undefined): void {
      if (args.json) print(io, toResultLine(result, line));
      if (result.status !== 'failed' || line === undefined || told === MOST_TOLD) return;
      told += 1;
      bar.clear();
      note(io, `line ${line}: ${result.error.code}: ${result.error.message}`);
      if (told === MOST_TOLD) note(io, 'further lines are not named.');
    }

    function showProgress(count: number): void {
      published = count;
      bar.show({ events: count, bytes, totalBytes, elapsedMs: io.now() - startMs });
    }

    const events = readEvents(wish, stdin, (count) => {
      bytes += count;
    });
    try {
      const reader = { result: tell, progress: showProgress };
      const cursor = await publishAll(events, createHubSink(url, token), reader);
      bar.clear();
      if (!args.json && cursor !== undefined) print(io, cursor);
    } catch (error) {
      bar.clear();
      if (published > 0) note(io, `events published: ${toCount(published)}`);
      throw isHubError(error) ? toCommandError(error, { url, hasToken: token() !== undefined }) : error;
    }
  },
});

/** A result as JSON: where the event is, or the problem that it has. */
function toResultLine({ index: _index, ...result }: EventResult, line: number | undefined): string {
  if (result.status !== 'failed') return JSON.stringify({ line, ...result });
  const { status, topic, error } = result;
  return JSON.stringify({ line, status, topic, problem: error.problem ?? { code: error.code, detail: error.message } });
}

function sizeOf({ fd }: Input): number | undefined {
  const stat = fd === undefined ? undefined : fstatSync(fd);
  return stat?.isFile() ? stat.size : undefined;
}
