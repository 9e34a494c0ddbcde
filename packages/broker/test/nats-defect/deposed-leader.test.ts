import { expect, test } from 'vitest';
import { createFeedRepair } from '../../src/nats/feed-repair.ts';
import { answer, leaderStandIn, log, metrics, stored, streamInfo } from './stand-ins.ts';

test('what was evicted is not taken for deleted on the word of a leader that is behind the very reply', async () => {
  const calls: string[] = [];
  let position = 10;
  let settle = (): void => {};
  const settled = new Promise<void>((resolve) => (settle = resolve));
  let asked = 0;
  const repair = createFeedRepair({
    directGet: async ({ seq = 1 }) => answer([50, 51].filter((each) => each >= seq).map((each) => stored(each, 'a'))),
    api: leaderStandIn({
      // Deposed, and it does not know it: to it the log still begins at 1, and ends before what the replica has. Then
      // the one that was elected answers.
      info: async () => {
        asked += 1;
        return asked === 1 ? streamInfo(1, 12) : streamInfo(50, 51);
      },
    }),
    position: () => position,
    target: () => 51,
    accept(message) {
      calls.push(`accept ${message.seq}`);
      position = message.seq;
      if (message.seq === 51) settle();
    },
    skip: (through) => void calls.push(`skip ${through}`),
    evicted(through) {
      calls.push(`evicted ${through}`);
      position = through;
    },
    forget() {},
    metrics,
    log,
  });
  repair.run('gap');
  await settled;
  expect(calls).toEqual(['evicted 49', 'accept 50', 'accept 51']);
});
