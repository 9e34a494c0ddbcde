import type { Explanation } from '@tidings/protocol';
import { type Command, createCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { deploymentOf, HUB_ARGS } from '../deployment.ts';
import { askHub } from '../hub-request.ts';
import { print } from '../io.ts';
import { paintFor } from '../terminal-text.ts';
import { toLines } from './explanation-lines.ts';

/** `tidings explain`: whether a user got an event, and if not, why. */
export const explainCommand: Command = createCommand({
  name: 'explain',
  description:
    'Say whether a user got an event, and if not, why. It asks all edges what they remember of the streams of the user. For admins of the tenant.',
  examples: [
    'tidings explain --user alice --event 3f.9k2.x7a1',
    "tidings explain --user alice --event 3f.9k2.x7a1 --json | jq -r '.sessions[].text'",
  ],
  args: {
    user: { type: 'string', valueHint: 'id', description: 'The user: the sub of their tokens.' },
    event: {
      type: 'string',
      valueHint: 'id',
      description: 'The id of the event, as the answer to publishing has it, or lastEventId of an EventSource.',
    },
    json: { type: 'boolean', description: 'Print the answer as JSON on one line.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { user, event, json } = args;
    if (!user || !event) throw new UsageError('Give --user and --event.');
    const { url, token } = deploymentOf(args, io.env);
    const query = new URLSearchParams({ user, event });
    const answer = (await askHub({ url, path: `/v1/explain?${query}`, token })) as Explanation;
    if (json) return print(io, JSON.stringify(answer));
    for (const line of toLines(answer, paintFor(io.stdout, io.env))) print(io, line);
  },
});
