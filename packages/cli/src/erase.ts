import { type Command, createCommand } from './command.ts';
import { CommandError, EXIT, UsageError } from './command-error.ts';
import { deploymentOf, HUB_ARGS, INGEST_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { type Io, print } from './io.ts';

/** `tidings erase`: purges history, after asking. */
export const eraseCommand: Command = createCommand({
  name: 'erase',
  description:
    'Erase the history of a topic, of all topics that match a pattern, or of a user. It ends once nothing of it can be read from any edge. Needs the token of an admin.',
  examples: ['tidings erase orders.42', "tidings erase 'chat.>' --yes", 'tidings erase --user alice'],
  args: {
    topic: { type: 'positional', required: false, description: 'The topic or pattern.' },
    user: { type: 'string', valueHint: 'id', description: 'The user: user.<id> and everything below it.' },
    yes: { type: 'boolean', description: 'Do not ask. Needed where there is no terminal to ask on.' },
    ...HUB_ARGS,
    ...INGEST_ARGS,
  },
  async run({ args, io }) {
    const { topic, user, yes } = args;
    if ((topic === undefined) === (user === undefined)) throw new UsageError('Give a topic or --user, one of the two.');
    const { ingestUrl, token } = deploymentOf(args, io.env);
    const what = user === undefined ? `the history of ${topic}` : `the history of the user ${user}`;
    if (!yes) await confirm(`Erase ${what} for good? [y/N] `, io);
    const path =
      user === undefined ? `/v1/topics/${encodeURIComponent(`${topic}`)}` : `/v1/users/${encodeURIComponent(user)}`;
    await askHub({ method: 'DELETE', url: ingestUrl, path: `${path}/events`, token });
    print(io, `erased ${what}`);
  },
});

async function confirm(question: string, { stdin, stderr }: Io): Promise<void> {
  if (!stdin.isTTY) throw new UsageError('There is no terminal to ask on: say --yes.');
  stderr.write(question);
  let answer = '';
  for await (const bytes of stdin) {
    answer += Buffer.from(bytes).toString();
    if (answer.includes('\n')) break;
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was erased.', EXIT.no);
}
