import { randomUUID } from 'node:crypto';
import { createPublisher } from '@tidings/sdk/publisher';
import { action, type BackEnd, id, name, text } from '../action.ts';
import { answer } from '../fake-model.ts';
import type { Surroundings } from '../surroundings.ts';

/** A message, or, as event `token`, one more piece of the message with this id. */
export interface Message {
  id: string;
  from: string;
  text: string;
}

export interface ChatTopics {
  'demo.chat.*': Message;
  'demo.chat.*.typing': { from: string };
}

export function createChat({ hub, background }: Surroundings): BackEnd {
  const publisher = createPublisher<ChatTopics>(hub);

  async function answerIn(room: string, question: string): Promise<void> {
    const message = { id: randomUUID(), from: 'model', text: '' };
    for await (const token of answer(question)) {
      message.text += token;
      await publisher.publish(`demo.chat.${room}`, { ...message, text: token }, { event: 'token', ttl: 60 });
    }
    // The whole of it takes the place of its tokens, which history forgets.
    await publisher.publish(`demo.chat.${room}`, message, { event: 'message' });
  }

  return {
    say: action({ room: name, from: name, text }, async ({ room, from, text }) => {
      await publisher.publish(`demo.chat.${room}`, { id: randomUUID(), from, text }, { event: 'message' });
      if (text.includes('?')) background(() => answerIn(room, text));
    }),

    type: action({ room: name, from: name, session: id.optional() }, async ({ room, from, session }) => {
      await publisher.publish(`demo.chat.${room}.typing`, { from }, { store: false, exclude: session });
    }),
  };
}
