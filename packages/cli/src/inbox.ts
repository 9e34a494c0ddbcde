import type { InboxAnswer } from '@tidings/protocol';
import { type Command, createCommand } from './command.ts';
import { UsageError } from './command-error.ts';
import { deploymentOf, HUB_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { print } from './io.ts';
import { toJsonText } from './json-text.ts';
import { valuesOf } from './option.ts';
import { numberOf } from './option-value.ts';
import { toTable } from './table.ts';
import { toSafeLine } from './terminal-text.ts';

const MOST_LISTED = 100;
const HEAD = ['', 'time', 'id', 'name', 'data'];
const USER = { type: 'positional', required: true, description: 'The user: the sub of their tokens.' } as const;

const pathOf = (user: string): string => `/v1/users/${encodeURIComponent(user)}/inbox`;
const toCount = ({ unread, more }: Pick<InboxAnswer, 'unread' | 'more'>): string =>
  `${unread}${more ? '+' : ''} unread`;

/** `tidings inbox list`: what is kept for a user, and what of it is not read. */
export const inboxListCommand: Command = createCommand({
  name: 'list',
  description: 'Say how much a user has not read, and list the newest events of the inbox, newest first.',
  examples: [
    'tidings inbox list alice',
    "tidings inbox list alice --json | jq -r '.events[] | select(.read | not).id'",
  ],
  args: {
    user: USER,
    limit: { type: 'string', valueHint: 'n', description: 'How many events: 20 unless said, 100 at the most.' },
    before: { type: 'string', valueHint: 'id', description: 'Only events before this one.' },
    json: { type: 'boolean', description: 'Print the answer as JSON on one line.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const query = new URLSearchParams({ limit: `${numberOf(args, 'limit', 20, 1, MOST_LISTED)}` });
    if (args.before) query.set('before', args.before);
    const inbox = (await askHub({ url, path: `${pathOf(args.user)}?${query}`, token })) as InboxAnswer;
    if (args.json) return print(io, toJsonText(inbox));
    print(io, toCount(inbox));
    if (inbox.events.length === 0) return;
    for (const line of toTable(HEAD, inbox.events.map(toRow))) print(io, line);
    if (inbox.next !== undefined) print(io, `… and older ones: --before ${toSafeLine(inbox.next)}`);
  },
});

function toRow({ id, event = '-', time, data, read }: InboxAnswer['events'][number]): string[] {
  return [read ? '' : '*', time, id, event, typeof data === 'string' ? data : toJsonText(data)];
}

/** `tidings inbox read`: marks as read. */
export const inboxReadCommand: Command = createCommand({
  name: 'read',
  description: 'Mark events of a user as read, for all their pages. It can not be taken back.',
  examples: ['tidings inbox read alice --up-to 3f.9k2.x7a1', 'tidings inbox read alice --id 3f.9k2.x7a1'],
  args: {
    user: USER,
    'up-to': { type: 'string', valueHint: 'id', description: 'Everything up to this event, or cursor.' },
    id: { type: 'string', valueHint: 'id', description: 'A single event; may come several times.' },
    ...HUB_ARGS,
  },
  async run({ args, words, io }) {
    const upTo = args['up-to'];
    const ids = valuesOf(words, inboxReadCommand.args ?? {}, 'id');
    if (!upTo && ids.length === 0) throw new UsageError('Give --up-to or --id.');
    const { url, token } = deploymentOf(args, io.env);
    const body = { ...(upTo && { upTo }), ids };
    const answer = await askHub({ method: 'PATCH', url, path: `${pathOf(args.user)}/read`, token, body });
    print(io, toCount(answer as InboxAnswer));
  },
});
