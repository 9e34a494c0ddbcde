import { type Command, createCommand } from './command.ts';
import { deploymentOf, HUB_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { type Io, note, print } from './io.ts';
import { toTable } from './table.ts';
import { toSafeLine } from './terminal-text.ts';

interface EndpointView {
  readonly name: string;
  readonly origin: string;
  readonly events: readonly string[];
  readonly waiting: number;
  readonly dead: number;
}

interface DeadView {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly failed: string;
  readonly attempts: number;
  readonly reason: string;
}

// Of one request (docs/reference/limits.md).
const MOST_REPLAYED = 1_000;

const JSON_ARG = { type: 'boolean', description: 'Print one entry as JSON on each line.' } as const;
const ENDPOINT_ARG = {
  type: 'positional',
  required: true,
  description: 'Its name, as "tidings webhooks list" has it.',
} as const;

/** `tidings webhooks list`: who is told. */
export const listCommand: Command = createCommand({
  name: 'list',
  description:
    'List the endpoints that are told by webhook, with what waits for each and what was given up. For admins.',
  examples: ['tidings webhooks list', 'tidings webhooks list --url https://webhooks.internal:8080 --json'],
  args: { json: JSON_ARG, ...HUB_ARGS },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const { endpoints } = (await askHub({ url, path: '/v1/webhooks', token })) as { endpoints: EndpointView[] };
    if (args.json) return printEach(io, endpoints);
    const rows = endpoints.map(({ name, origin, events, waiting, dead }) => [
      name,
      origin,
      `${waiting}`,
      `${dead}`,
      events.join(' '),
    ]);
    for (const line of toTable(['name', 'origin', 'waiting', 'dead', 'events'], rows)) print(io, line);
  },
});

/** `tidings webhooks dead`: what was given up. */
export const deadCommand: Command = createCommand({
  name: 'dead',
  description: 'List webhooks of an endpoint that were given up, at most 100. They are kept for 14 days. For admins.',
  examples: ['tidings webhooks dead crm', 'tidings webhooks dead crm --json'],
  args: { endpoint: ENDPOINT_ARG, json: JSON_ARG, ...HUB_ARGS },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const path = `/v1/webhooks/${encodeURIComponent(args.endpoint)}/dead`;
    const { dead } = (await askHub({ url, path, token })) as { dead: DeadView[] };
    if (args.json) return printEach(io, dead);
    const rows = dead.map(({ id, type, time, attempts, reason }) => [
      id,
      type,
      time,
      `${attempts}`,
      toSafeLine(reason),
    ]);
    for (const line of toTable(['id', 'type', 'time', 'attempts', 'reason'], rows)) print(io, line);
  },
});

/** `tidings webhooks replay`: has them delivered after all. */
export const replayCommand: Command = createCommand({
  name: 'replay',
  description:
    'Queue webhooks of an endpoint that were given up anew, 1,000 at a time or one alone; each keeps its webhook-id. For admins.',
  examples: ['tidings webhooks replay crm', 'tidings webhooks replay crm --id msg_AbC123'],
  args: {
    endpoint: ENDPOINT_ARG,
    id: { type: 'string', valueHint: 'id', description: 'Only this one.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const query = args.id ? `?id=${encodeURIComponent(args.id)}` : '';
    const path = `/v1/webhooks/${encodeURIComponent(args.endpoint)}/replay${query}`;
    const { replayed } = (await askHub({ method: 'POST', url, path, token })) as { replayed: number };
    print(io, `queued ${replayed}`);
    if (replayed >= MOST_REPLAYED) note(io, 'these were the most of one replay: there may be more, so run it again.');
  },
});

function printEach(io: Io, entries: readonly object[]): void {
  for (const entry of entries) print(io, JSON.stringify(entry));
}
