// Publishes bursts as an ingest does, each event acknowledged by the stream. Every second one is named and JSON.
import { createNatsBroker } from '@tidings/broker/nats';
import { createLogger, createMetrics } from '@tidings/runtime';

const TOPICS = 500;
const payload = JSON.stringify({ state: 'shipped', note: 'x'.repeat(200) }).slice(0, 200);

const broker = createNatsBroker({
  servers: [process.argv[2] as string],
  role: 'ingest',
  maxBytes: 268_435_456,
  maxAgeMs: 3_600_000,
  log: createLogger('publisher', 'error'),
  metrics: createMetrics(),
});
await broker.open();
process.on('message', async ({ events }: { events: number }) => {
  for (let from = 0; from < events; from += TOPICS) {
    await Promise.all(
      Array.from({ length: Math.min(TOPICS, events - from) }, (_, at) => {
        const json = at % 2 === 0;
        const event = json ? 'status' : '';
        const plain = { tenant: 'default', exclude: '', final: false, store: true, id: '', ttlSec: 0 };
        return broker.publish({ ...plain, topic: `orders.${at}`, event, data: Buffer.from(payload), json });
      }),
    );
  }
  process.send?.({ type: 'published' });
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
