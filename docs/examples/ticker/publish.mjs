// @ts-check
// Publishes prices that wander, a few times a second, until it is stopped.
//   node docs/examples/ticker/publish.mjs
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublisher } from '@tidings/sdk/publisher';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_PUBLISH_TOKEN: token = '' } = process.env;
const [rounds = 'Infinity', pauseMs = '300'] = process.argv.slice(2);

const publisher = createPublisher({ url, token });
const prices = new Map([
  ['tin', 100],
  ['zinc', 60],
  ['lead', 30],
]);

for (let round = 0; round < Number(rounds); round += 1) {
  for (const [name, price] of prices) prices.set(name, Math.max(1, price + Math.round(Math.random() * 4 - 2)));
  // One request for all of them.
  await publisher.publishMany([...prices].map(([name, price]) => ({ topic: `prices.${name}`, data: { price } })));
  await sleep(Number(pauseMs));
}
