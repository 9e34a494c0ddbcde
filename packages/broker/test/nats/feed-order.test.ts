import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedOrder, type Placed } from '../../src/nats/feed-order.ts';

function createOrder(head = 0) {
  const fed: number[] = [];
  const positions: number[] = [];
  const order: FeedOrder<Placed> = new FeedOrder<Placed>(({ seq }) => {
    fed.push(seq);
    positions.push(order.position);
  });
  order.restart(head);
  return { order, fed, positions };
}

const entry = (seq: number, bytes = 1): Placed => ({ seq, bytes });

/** What happens to a log whose places are 1 to `last`, without those that were deleted. */
const scenario = fc
  .record({ last: fc.integer({ min: 1, max: 40 }), head: fc.nat(5), deleted: fc.uniqueArray(fc.nat(45)) })
  .chain(({ last, head, deleted }) =>
    fc.record({
      head: fc.constant(head),
      last: fc.constant(Math.max(last, head)),
      deleted: fc.constant(new Set(deleted)),
      steps: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: fc.record({ live: fc.nat(45) }) },
          { weight: 1, arbitrary: fc.record({ proven: fc.integer({ min: 1, max: 6 }) }) },
          { weight: 1, arbitrary: fc.record({ skip: fc.constant(true) }) },
        ),
        { maxLength: 120 },
      ),
    }),
  );

describe('the order of the feed', () => {
  it('feeds every message of the log once and ascending, whatever order, repetition and omission it meets', () => {
    fc.assert(
      fc.property(scenario, ({ head, last, deleted, steps }) => {
        const log = Array.from({ length: last - head }, (_, at) => head + 1 + at).filter((seq) => !deleted.has(seq));
        const { order, fed, positions } = createOrder(head);
        // What a replica proves: the next messages after the position, whatever lies between them is deleted.
        const prove = (count: number): void => {
          for (const seq of log.filter((each) => each > order.position).slice(0, count)) order.acceptProven(entry(seq));
        };
        for (const step of steps) {
          if ('live' in step) {
            if (log.includes(step.live)) order.accept(entry(step.live));
          } else if ('proven' in step) prove(step.proven);
          else order.skip((log.find((seq) => seq > order.position) ?? last + 1) - 1);
          expect(order.held).toBeLessThanOrEqual(log.length);
        }
        prove(log.length);
        order.skip(last);
        expect(fed).toEqual(log);
        // Whoever asks while it is told of a message finds that message's place.
        expect(positions).toEqual(log);
        expect(order.position).toBe(last);
        expect(order.target).toBeLessThanOrEqual(last);
        expect(order.held).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('says what became of a message: fed, early or old', () => {
    const { order, fed } = createOrder(10);
    expect(order.accept(entry(10))).toBe('old');
    expect(order.accept(entry(12))).toBe('early');
    expect([order.position, order.target, order.held]).toEqual([10, 11, 1]);
    expect(order.accept(entry(11))).toBe('fed');
    expect(order.accept(entry(12))).toBe('old');
    expect(fed).toEqual([11, 12]);
    expect([order.position, order.held]).toEqual([12, 0]);
  });

  it('knows the highest place that is missing, whichever early message came last', () => {
    const { order } = createOrder();
    for (const seq of [9, 5, 3]) order.accept(entry(seq));
    expect(order.target).toBe(8);
  });

  it('forgets what is held when a skip ends at its very place', () => {
    const { order, fed } = createOrder();
    order.accept(entry(5));
    order.skip(5);
    expect([order.position, order.held]).toEqual([5, 0]);
    expect(fed).toEqual([]);
  });

  it('answers whether a proven message was new', () => {
    const { order, fed } = createOrder(3);
    expect(order.acceptProven(entry(3))).toBe(false);
    expect(order.acceptProven(entry(7))).toBe(true);
    expect(order.acceptProven(entry(5))).toBe(false);
    expect(fed).toEqual([7]);
  });

  it('goes on with what is held once a skip has reached it, and ignores a skip of what was passed', () => {
    const { order, fed } = createOrder();
    order.accept(entry(5));
    order.accept(entry(6));
    order.skip(4);
    expect(fed).toEqual([5, 6]);
    order.skip(2);
    expect(order.position).toBe(6);
  });

  it('forgets what is held when a proven message has passed it', () => {
    const { order, fed } = createOrder();
    for (const seq of [4, 3, 9]) order.accept(entry(seq));
    // Only the log of a deleted 3 and 4 gives such a proof.
    order.acceptProven(entry(6));
    expect(fed).toEqual([6]);
    order.skip(8);
    expect(fed).toEqual([6, 9]);
    expect(order.held).toBe(0);
  });

  it('holds no more than 20,000 messages, and the first that finds no room is fetched in its turn', () => {
    const { order, fed } = createOrder();
    for (let seq = 2; seq <= 20_101; seq += 1) order.accept(entry(seq));
    expect(order.held).toBe(20_000);
    expect(order.target).toBe(20_101);
    order.acceptProven(entry(1));
    expect(order.position).toBe(20_001);
    expect(order.held).toBe(0);
    // A repair goes on from here, for it knows that there is more.
    expect(order.target).toBeGreaterThan(order.position);
    for (let seq = 20_002; seq <= 20_101; seq += 1) order.acceptProven(entry(seq));
    expect(fed).toEqual(Array.from({ length: 20_101 }, (_, at) => at + 1));
  });

  it('holds no more than 16 MiB, and counts what it lets go', () => {
    const { order } = createOrder();
    const mebibyte = 1_048_576;
    for (let round = 0; round < 3; round += 1) {
      const { position } = order;
      for (let at = 2; at <= 40; at += 1) order.accept(entry(position + at, mebibyte));
      expect(order.held).toBe(16);
      // One more byte would be too much, and a repetition of what is held costs nothing.
      order.accept(entry(position + 41, 1));
      order.accept(entry(position + 2, mebibyte));
      expect(order.held).toBe(16);
      order.acceptProven(entry(position + 1, mebibyte));
      expect(order.position).toBe(position + 17);
    }
  });

  it('forgets everything with a restart, also what it held', () => {
    const { order, fed } = createOrder();
    for (let seq = 5; seq <= 20; seq += 1) order.accept(entry(seq, 1_048_576));
    order.restart(2);
    expect([order.position, order.target, order.held]).toEqual([2, 2, 0]);
    order.skip(19);
    expect(fed).toEqual([]);
    for (let at = 2; at <= 17; at += 1) order.accept(entry(19 + at, 1_048_576));
    expect(order.held).toBe(16);
  });

  it('drops what came early when it belongs to another log, and nothing counts as missing then', () => {
    const { order, fed } = createOrder(4);
    order.accept(entry(9));
    order.forget();
    expect([order.position, order.target, order.held]).toEqual([4, 4, 0]);
    order.accept(entry(5));
    order.skip(8);
    expect(fed).toEqual([5]);
  });

  it('takes a burst that comes backwards in linear time', () => {
    const { order, fed } = createOrder();
    for (let seq = 20_001; seq >= 2; seq -= 1) order.accept(entry(seq));
    const begunMs = performance.now();
    order.accept(entry(1));
    expect(performance.now() - begunMs).toBeLessThan(1_000);
    expect(fed).toHaveLength(20_001);
  });
});
