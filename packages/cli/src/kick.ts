import { type Command, createCommand } from './command.ts';
import { deploymentOf, HUB_ARGS } from './deployment.ts';
import { askHub } from './hub-request.ts';
import { print } from './io.ts';

/** `tidings kick`: closes a stream, wherever it is. */
export const kickCommand: Command = createCommand({
  name: 'kick',
  description:
    'Close an open stream, on whichever edge it is. Its client may come back: to keep it out, revoke its token.',
  examples: [
    'tidings kick AbC-12-3fZ',
    'tidings sessions --user alice --json | jq -r .id | while read -r id; do tidings kick "$id"; done',
  ],
  args: {
    session: { type: 'positional', required: true, description: 'Its id, as "tidings sessions" lists it.' },
    ...HUB_ARGS,
  },
  async run({ args, io }) {
    const { url, token } = deploymentOf(args, io.env);
    const { session } = args;
    await askHub({ method: 'DELETE', url, path: `/v1/sessions/${encodeURIComponent(session)}`, token });
    print(io, `closed ${session}`);
  },
});
