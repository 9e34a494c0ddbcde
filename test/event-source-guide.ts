import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './guide-stage.ts';
import { ROOT } from './hub-process.ts';

interface Block {
  readonly title: string;
  readonly code: string;
}

/** The blocks of JavaScript in the guide, each with the heading that it stands under, and its place there. */
export function readGuide(): Block[] {
  const text = readFileSync(join(ROOT, 'docs/guides/event-source.md'), 'utf8');
  return text.split(/^## /m).flatMap((section) => {
    const [heading = ''] = section.split('\n', 1);
    const codes = [...section.matchAll(/^```js\n(.*?)^```/gms)].map(([, code = '']) => code);
    return codes.map((code, place) => ({ title: place === 0 ? heading : `${heading} ${place + 1}`, code }));
  });
}

/** These need a browser; others are content with a client of the same standard. */
export const IN_BROWSER: readonly string[] = ['Cookies', 'Cookies 2', 'Sharing between tabs'];

/** What each block does, by its title. */
export const GUIDE: Record<string, (stage: Stage) => Promise<void>> = {
  async Subscribe({ run, publish, streams }) {
    const block = await run();
    await streams('orders.42', 1);
    await publish('orders.42', { state: 'packed' });
    await block.shows([{ state: 'packed' }]);
  },

  async Names({ run, publish, streams }) {
    const block = await run();
    await streams('orders.42', 1);
    await publish('orders.42', { state: 'packed' }, { event: 'status' });
    await publish('orders.42', 'nobody listens');
    await publish('orders.42', 'fragile', { event: 'note' });
    await block.shows(['status', 'packed'], ['note', 'fragile']);
  },

  async 'Many topics'({ run, publish, streams }) {
    const block = await run();
    await streams('chat.7', 1);
    await publish('orders.1', 1);
    await publish('elsewhere', 2);
    await publish('chat.7', 3);
    await block.shows(['orders.1', 1], ['chat.7', 3]);
  },

  async Replay({ run, publish }) {
    for (const price of [1, 2]) await publish('prices.tin', price);
    await publish('prices.lead', 3);
    const block = await run();
    await block.shows([2], [3], ['live']);
    await publish('prices.tin', 4);
    await block.shows([2], [3], ['live'], [4]);
  },

  async Resume({ run, publish, streams, kick }) {
    const block = await run();
    await streams('orders.1', 1);
    await publish('orders.1', 1);
    await block.shows([1]);
    const kept = await block.kept();
    await kick();
    await publish('orders.1', 2);
    // The browser comes back by itself.
    await block.shows([1], [2]);
    const reloaded = await run({ kept });
    await reloaded.shows([2]);
  },

  async 'When history is gone: hub.gap'({ run, publish, streams }) {
    const block = await run();
    await streams('orders.1', 1);
    await publish('orders.1', 1);
    await block.shows(['reload'], [1]);
    // A gap, as the hub would tell it.
    await block.hear('hub.gap', '{}');
    await block.shows(['reload'], [1], ['reload']);
    await streams('orders.1', 1);
    await publish('orders.1', 2);
    await block.shows(['reload'], [1], ['reload'], [2]);
  },

  async 'When the hub says goodbye: hub.bye'({ run, publish, streams, token }) {
    const block = await run({ tokens: [await token(2), await token(), 'none at all'] });
    await streams('orders.1', 1);
    await publish('orders.1', 1);
    await block.opened(2);
    await publish('orders.1', 2);
    await block.shows([1], [2]);
    // As if the second had ended too: the third is no good.
    await block.hear('hub.bye', '{"reason":"token-expired"}');
    await block.shows([1], [2], ['refused']);
  },

  async Cookies({ run, publish, streams, token, setCookie }) {
    await setCookie(await token());
    const block = await run();
    await streams('orders.42', 1);
    await publish('orders.42', 1);
    await block.shows([1]);
  },

  async 'Cookies 2'({ run, token, setCookie }) {
    await setCookie(await token(20));
    // That the second token ends soon is told too: the first change was taken.
    const block = await run({ tokens: [await token(25), await token()] });
    await block.shows(['renewed'], ['renewed']);
    await block.opened(1);
  },

  async Tickets({ run, publish, streams, kick }) {
    const block = await run();
    await streams('orders.1', 1);
    await publish('orders.1', 1);
    await block.shows([1]);
    await kick();
    await publish('orders.1', 2);
    await block.shows([1], [2]);
    await block.opened(2);
  },

  async 'Streams that end'({ run, publish }) {
    await publish('chat.42', 'To', { event: 'token' });
    const block = await run();
    await block.shows(['To']);
    await publish('chat.42', 'be', { event: 'token' });
    await publish('chat.42', '', { event: 'end', final: 'true' });
    await block.shows(['To'], ['be'], ['the end']);
  },

  async 'Changing topics'({ run, publish, streams, kick }) {
    await publish('orders.2', 0);
    const block = await run();
    const topics = ['orders.1', 'orders.2'];
    await block.shows([0], [topics]);
    await publish('orders.2', 1);
    await block.shows([0], [topics], [1]);
    await kick();
    await streams('orders.2', 1);
    await block.shows([0], [topics], [1], [1], [topics]);
  },

  async 'An inbox'({ run, publish, markAllRead }) {
    await publish('user.alice', 1);
    await publish('user.alice', 2);
    const block = await run();
    await block.shows([2]);
    await publish('user.alice', 3);
    await block.shows([2], [3]);
    await markAllRead('alice');
    await block.shows([2], [3], [0]);
  },

  async 'Who is there'({ run }) {
    await (await run()).shows([1, ['alice']]);
  },

  async 'Sharing between tabs'({ run, publish, streams }) {
    const first = await run();
    await streams('orders.1', 1);
    const second = await run();
    await publish('orders.1', 1);
    await second.shows([1]);
    await first.shows([1]);
    await streams('orders.1', 1);
    await first.leave();
    await publish('orders.1', 2);
    await second.shows([1], [2]);
  },
};
