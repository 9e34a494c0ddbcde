// @ts-check
// Something like a language model: streams an answer, word by word, into a finite topic.
//   node docs/examples/llm-tokens/model.mjs chat.42
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublisher } from '@tidings/sdk/publisher';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_PUBLISH_TOKEN: token = '' } = process.env;
const [topic = 'chat.42', pauseMs = '80'] = process.argv.slice(2);

const ANSWER = `Tidings are news of what has happened. Whoever asks for them hears of everything in order, from the first
word on, whether they were here at the beginning or came late.`;

async function* tokens() {
  for (const word of ANSWER.split(/(?<=\s)/)) {
    await sleep(Number(pauseMs));
    yield word;
  }
}

const answer = createPublisher({ url, token }).stream(topic, { event: 'token' });
let count = 0;
for await (const word of tokens()) {
  await answer.write(word);
  count += 1;
}
await answer.end({ count });
console.log(`${count} tokens went to ${topic}`);
