// @ts-check
// Prints prices: at once the last one of each, then every change.
//   node docs/examples/ticker/watch.mjs
import { createTidings } from '@tidings/sdk/subscriber';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_TOKEN: token = '' } = process.env;

/** @type {import('@tidings/sdk/subscriber').Tidings<{ 'prices.*': { price: number } }>} */
const tidings = createTidings({ url, token });
/** @type {Map<string, number>} */
const last = new Map();

const subscription = tidings.subscribe(
  'prices.*',
  ({ topic, data: { price } }) => {
    const before = last.get(topic) ?? price;
    last.set(topic, price);
    console.log(`${topic.padEnd(12)} ${String(price).padStart(4)} ${['▼', ' ', '▲'][Math.sign(price - before) + 1]}`);
  },
  { replay: 'last' },
);
await subscription.ready;
console.log('(from here on live)');
