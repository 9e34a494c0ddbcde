import type { Cluster } from '@tidings/broker';
import { encodeRead, type InboxRead, toUserTopic } from '@tidings/protocol';
import type { Router } from './router.ts';
import type { Session } from './session.ts';

/** Tells the streams of a user, on every edge, what was read; at most once, and not those that are behind. */
export type TellRead = (tenant: string, read: InboxRead) => void;

interface Notice {
  readonly tenant: string;
  readonly read: InboxRead;
}

const NOTICE = 'inbox-read';

/**
 * Has the streams of this edge told what any edge tells; the cluster must not be open yet.
 *
 * Cost of a notice: a look-up, and one frame that all streams of the user share. Nobody is asked and nothing is kept: a
 * stream that is behind, or comes later, has the inbox to ask (ADR 0034).
 */
export function createInboxNotices(cluster: Cluster, router: Pick<Router<Session>, 'subscribersOf'>): TellRead {
  cluster.hear(NOTICE, (body) => {
    const { tenant, read } = body as Notice;
    // Others may listen to the topic too, and what somebody has read is none of their business.
    const own = [...router.subscribersOf(tenant, toUserTopic(read.user))].filter(({ user }) => user === read.user);
    if (own.length === 0) return;
    const frame = encodeRead(read);
    for (const session of own) session.control(frame);
  });
  return (tenant, read) => cluster.tell(NOTICE, { tenant, read } satisfies Notice);
}
