import type { SessionView } from '@tidings/protocol';
import { type Command, createCommand } from './command.ts';
import { deploymentOf, HUB_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { print } from './io.ts';
import { toTable } from './table.ts';

const PAGE = 1_000;
const HEAD = ['id', 'user', 'edge', 'since', 'delivered', 'lag', 'topics'];

/** `tidings sessions`: open streams of all edges. */
export const sessionsCommand: Command = createCommand({
  name: 'sessions',
  description: 'List open streams, on all edges. An admin sees those of the tenant, anybody else their own.',
  examples: [
    'tidings sessions',
    'tidings sessions --user alice --topic orders.42',
    "tidings sessions --json | jq -r 'select(.lag > 1000).id'",
  ],
  args: {
    user: { type: 'string', valueHint: 'id', description: 'Only streams of this user.' },
    topic: {
      type: 'string',
      valueHint: 'topic',
      description: 'Only streams that get what is published on this topic.',
    },
    json: { type: 'boolean', description: 'Print one session as JSON on each line.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const { user, topic, json } = args;
    const rows: string[][] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: `${PAGE}`, ...(user && { user }), ...(topic && { topic }) });
      if (after !== undefined) query.set('after', after);
      const page = (await askHub({ url, path: `/v1/sessions?${query}`, token })) as SessionPage;
      if (json) for (const session of page.sessions) print(io, JSON.stringify(session));
      else rows.push(...page.sessions.map(toRow));
      after = page.next;
    } while (after !== undefined);
    if (!json) for (const line of toTable(HEAD, rows)) print(io, line);
  },
});

interface SessionPage {
  readonly sessions: readonly SessionView[];
  readonly next?: string;
}

function toRow({ id, user = '-', edge, since, delivered, lag, topics }: SessionView): string[] {
  return [id, user, edge, since, `${delivered}`, `${lag}`, topics.join(' ')];
}
