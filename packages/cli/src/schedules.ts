import { type Command, createCommand } from './command.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { print } from './io.ts';
import { toTable } from './table.ts';

const PAGE = 1_000;
const HEAD = ['id', 'at', 'topic', 'event'];

interface ScheduleView {
  readonly id: string;
  readonly at: string;
  readonly topic: string;
  readonly event?: string;
}

interface SchedulePage {
  readonly schedules: readonly ScheduleView[];
  readonly next?: string;
}

/** `tidings schedules list`: what is to be published later. */
export const listSchedulesCommand: Command = createCommand({
  name: 'list',
  description: 'List the events that wait for their time, on topics that the token may publish to.',
  examples: ['tidings schedules list', 'tidings schedules list --json | jq -r \'select(.topic == "orders.42").id\''],
  args: {
    json: { type: 'boolean', description: 'Print one schedule as JSON on each line.' },
    ...HUB_ARGS,
    ...INGEST_ARGS,
  },
  async run({ args, io }) {
    const { ingestUrl: url, publishToken: token } = deploymentOf(args, io.env);
    const rows: string[][] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: `${PAGE}`, ...(after !== undefined && { after }) });
      const page = (await askHub({ url, path: `/v1/schedules?${query}`, token })) as SchedulePage;
      if (args.json) for (const schedule of page.schedules) print(io, JSON.stringify(schedule));
      else rows.push(...page.schedules.map(({ id, at, topic, event = '-' }) => [id, at, topic, event]));
      after = page.next;
    } while (after !== undefined);
    if (!args.json) for (const line of toTable(HEAD, rows)) print(io, line);
  },
});

/** `tidings schedules cancel`: keeps an event from being published. */
export const cancelScheduleCommand: Command = createCommand({
  name: 'cancel',
  description: 'Cancel an event that waits for its time: it will never be published.',
  examples: ['tidings schedules cancel ju2lEjKdj4YDZ1cJ8_ZF7v'],
  args: {
    schedule: { type: 'positional', required: true, description: 'Its id, as "tidings schedules list" has it.' },
    ...HUB_ARGS,
    ...INGEST_ARGS,
  },
  async run({ args, io }) {
    const { ingestUrl: url, publishToken: token } = deploymentOf(args, io.env);
    const { schedule } = args;
    await askHub({ method: 'DELETE', url, path: `/v1/schedules/${encodeURIComponent(schedule)}`, token });
    print(io, `cancelled ${schedule}`);
  },
});
