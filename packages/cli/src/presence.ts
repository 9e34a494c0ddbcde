import { type Command, createCommand } from './command.ts';
import { deploymentOf, HUB_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { print } from './io.ts';
import { toSafeLine } from './terminal-text.ts';

interface Presence {
  readonly subscribers: number;
  readonly users: readonly string[];
  /** There are users that are not named. */
  readonly more?: true;
}

const MOST_NAMED = 10_000;

/** `tidings presence`: who listens to a topic. */
export const presenceCommand: Command = createCommand({
  name: 'presence',
  description: 'Say who listens to a topic, on all edges. How many streams, and their users.',
  examples: ['tidings presence orders.42', 'tidings presence orders.42 --json'],
  args: {
    topic: {
      type: 'positional',
      required: true,
      description: 'The topic; streams that get it by a pattern count too.',
    },
    json: { type: 'boolean', description: 'Print the answer as JSON on one line.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const path = `/v1/topics/${encodeURIComponent(args.topic)}/presence?limit=${MOST_NAMED}`;
    const answer = (await askHub({ url, path, token })) as Presence;
    if (args.json) return print(io, JSON.stringify(answer));
    const { subscribers, users, more } = answer;
    print(io, `${subscribers} ${subscribers === 1 ? 'stream' : 'streams'}`);
    for (const user of users) print(io, toSafeLine(user));
    if (more) print(io, '… and more');
  },
});
