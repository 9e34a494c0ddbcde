'use client';
import { useSyncExternalStore } from 'react';
import type { Inbox, InboxState } from '../inbox/inbox.ts';

/**
 * The state of an inbox, which is read while a component that shows it is mounted; `idle` on a server.
 *
 * @example
 * const inbox = createInbox<Notification>({ client: tidings, user: 'alice', token });
 * const Bell = () => <output>{useInbox(inbox).unread}</output>;
 */
export function useInbox<Data>(inbox: Inbox<Data>): InboxState<Data> {
  return useSyncExternalStore(
    inbox.onChange,
    () => inbox.state,
    () => inbox.state,
  );
}
