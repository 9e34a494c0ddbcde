import { createPublisher } from '@tidings/sdk/publisher';
import { z } from 'zod';
import { action, type BackEnd, cursor, name } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

interface Notification {
  title: string;
}

/** Ids of events that the user has read. */
interface Read {
  read: readonly string[];
}

export interface BellTopics {
  'user.*': Notification | Read;
  'demo.bell.everybody': Notification;
}

const TITLES = [
  'Your order is on its way.',
  'Grace answered your question.',
  'The build is green again.',
  'Lunch is served.',
];

export function createBell({ hub }: Surroundings): BackEnd {
  const publisher = createPublisher<BellTopics>(hub);
  let sent = 0;

  return {
    notify: action({ user: name }, async ({ user }) => {
      const notification: Notification = { title: TITLES[sent++ % TITLES.length] ?? '' };
      await publisher.publishToUser(user, notification);
    }),

    'notify-everybody': action({ from: name }, async ({ from }) => {
      await publisher.publish('demo.bell.everybody', { title: `${from} says hello to everybody.` });
    }),

    // On the user's own topic, so that all pages of this user count the same as unread.
    read: action({ user: name, ids: z.array(cursor).min(1).max(50) }, async ({ user, ids }) => {
      const read: Read = { read: ids };
      await publisher.publishToUser(user, read, { event: 'read' });
    }),
  };
}
