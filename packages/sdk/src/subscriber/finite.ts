import { type Connection, connect } from './connection.ts';
import type { Hub } from './hub.ts';
import type { Notices } from './notices.ts';
import type { HeldSubscription } from './subscription.ts';

/**
 * A stream of its own for a finite topic (contract section 6), from its start, unless `replay` says less, to its final event:
 * then the subscription ends.
 */
export function openFinite(
  hub: Hub,
  subscription: HeldSubscription,
  replay: string | number | undefined,
  notices: Notices,
): Connection {
  return connect(hub, {
    request: () => ({ topic: [subscription.topic], until: 'final', replay }),
    block({ event, data }) {
      if (data === undefined) return;
      if (event === 'hub.gap') notices.tell('gap', JSON.parse(data));
      else if (event === 'hub.live') subscription.begin();
      else if (event === 'hub.expiring') hub.renew('expiring');
      else if (!event?.startsWith('hub.')) subscription.offer(JSON.parse(data));
    },
    failed: (error) => notices.tell('error', error),
    refused(error) {
      notices.tell('error', error);
      subscription.end(error);
      return false;
    },
    finished: () => subscription.end(),
    flushed() {},
    state() {},
  });
}
