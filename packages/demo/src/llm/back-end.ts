import { randomUUID } from 'node:crypto';
import { createPublisher } from '@tidings/sdk/publisher';
import { action, type BackEnd, text } from '../action.ts';
import { answer } from '../fake-model.ts';
import type { Surroundings } from '../surroundings.ts';

/** Every answer is a topic of its own: its tokens, then a final event. */
export interface LlmTopics {
  'demo.llm.*': string;
}

export function createLlm({ hub, background }: Surroundings): BackEnd {
  const publisher = createPublisher<LlmTopics>(hub);

  return {
    ask: action({ question: text }, ({ question }) => {
      const id = randomUUID();
      // Goes on whether or not anybody reads: the page gets the id at once, and follows the topic.
      background(() => publisher.pipe(`demo.llm.${id}`, answer(question), { ttl: 3600 }));
      return { id };
    }),
  };
}
