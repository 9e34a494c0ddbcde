import { createPublisher } from '@tidings/sdk/publisher';
import { action, type BackEnd, name } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

export interface Notification {
  readonly title: string;
}

export interface BellTopics {
  'user.*': Notification;
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
  };
}
