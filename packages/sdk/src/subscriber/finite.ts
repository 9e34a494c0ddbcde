import type { HubError } from '../hub-error.ts';
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
  const failed = (error: HubError): void => notices.tell('error', error);
  return connect(hub, {
    request: () => ({ topic: [subscription.topic], until: 'final', replay }),
    block({ event = '', data }) {
      if (!data) return;
      const said = JSON.parse(data);
      if (event === 'hub.gap') notices.tell('gap', said);
      if (event === 'hub.live') subscription.begin();
      if (!event.startsWith('hub.')) subscription.offer(said);
    },
    failed,
    refused(error) {
      failed(error);
      subscription.end(error);
      return false;
    },
    finished: subscription.end,
    flushed() {},
    state() {},
  });
}
