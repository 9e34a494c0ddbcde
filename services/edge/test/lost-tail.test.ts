import type { Broker, FeedSink } from '@tidings/broker';
import type { Message } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { overriding } from './broker-stand-in.ts';
import { startEdge } from './fixture.ts';
import { names, payloads } from './received.ts';

const message = (seq: number, text: string): Message => ({
  seq,
  tenant: 'default',
  topic: 'a',
  event: '',
  data: Buffer.from(text),
  json: false,
  final: false,
  exclude: '',
  timeMs: Date.now(),
  expiresAtMs: Number.POSITIVE_INFINITY,
});

describe('a log that lost its end, and was written on from there under the same epoch', () => {
  it.each([
    ['that had been further', 0],
    ['whose cursor stands on what nobody here follows', 3],
  ])('section 4: never silently keeps what was written anew from a client %s', async (_which, before) => {
    let sink: FeedSink | undefined;
    let position = 0;
    const feed = (seq: number, text: string): void => {
      position = seq;
      sink?.message(message(seq, text));
    };
    const edge = await startEdge({
      wrapBroker: (broker: Broker) =>
        overriding(broker, {
          position: () => position,
          async openFeed(given) {
            sink = given;
            sink.start(broker.epoch, 0);
          },
        }),
    });
    for (let seq = 1; seq <= before; seq += 1) feed(seq, `first ${seq}`);
    if (before > 0) position = 10;
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    for (let seq = position + 1; seq <= 10; seq += 1) feed(seq, `first ${seq}`);
    await client.until(() => payloads(client).length === 10 || before > 0);
    // As the broker does when it is shown another message in the place of one that was fed: on from the leader's end.
    position = 6;
    sink?.restart(edge.broker.epoch, 6);
    for (let seq = 7; seq <= 12; seq += 1) feed(seq, `second ${seq}`);
    await client.until(() => payloads(client).includes('second 12'));
    const isTold = names(client).includes('hub.gap') || names(client).includes('hub.bye');
    const isWhole = payloads(client).includes('second 7');
    expect({ isTold, isWhole }).not.toEqual({ isTold: false, isWhole: false });
  });
});
