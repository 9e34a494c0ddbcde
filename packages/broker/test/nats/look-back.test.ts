import { describe, expect, it } from 'vitest';
import { lookBack, type ReadBegin, type ReadNewest } from '../../src/nats/look-back.ts';
import { TOO_MANY } from '../../src/nats/news.ts';

const RANGE = { after: 10, upTo: 100 };
const begin: ReadBegin = async () => 1;

/** A log in which these indexed subjects have their newest message at these places. */
function logOf(newest: Record<string, number>): { read: ReadNewest; asked: (readonly string[])[] } {
  const asked: (readonly string[])[] = [];
  return {
    asked,
    async read(filters) {
      asked.push(filters);
      return new Map(Object.entries(newest).map(([subject, seq]) => [`evt.0.${subject}`, { seq }]));
    },
  };
}

describe('a look at what topics had before they were followed', () => {
  it('answers the newest place of each, of a pattern the newest of all that match, and the beginning where there is none', async () => {
    const { read } = logOf({ 'd.a': 40, 'd.b.1': 50, 'd.b.2': 60, 'd.witness': 99 });
    expect(await lookBack(['d.a', 'd.b.*', 'd.b.1', 'd.c', 'd.c.>'], RANGE, read, begin)).toEqual(
      new Map([
        ['d.a', 40],
        ['d.b.*', 60],
        ['d.b.1', 50],
        ['d.c', 10],
        ['d.c.>', 10],
      ]),
    );
  });

  it('knows nothing of a topic that has something after the place that was asked about', async () => {
    const { read } = logOf({ 'd.a': 101, 'd.b': 100 });
    expect(await lookBack(['d.a', 'd.b'], RANGE, read, begin)).toEqual(new Map([['d.b', 100]]));
  });

  it('answers no place before the log begins, which is asked after all else, and nothing where all of it is gone', async () => {
    const { read, asked } = logOf({ 'd.a': 40, 'd.b': 60 });
    const beginsAt =
      (place: number): ReadBegin =>
      async () => {
        expect(asked).toHaveLength(1);
        asked.length = 0;
        return place;
      };
    const filters = ['d.a', 'd.b', 'd.c'];
    expect(await lookBack(filters, RANGE, read, beginsAt(51))).toEqual(
      new Map([
        ['d.a', 50],
        ['d.b', 60],
        ['d.c', 50],
      ]),
    );
    expect(await lookBack(filters, RANGE, read, beginsAt(102))).toEqual(new Map());
  });

  it('asks for some at a time, and of those that stand for too many it knows nothing', async () => {
    const filters = Array.from({ length: 600 }, (_, at) => `d.${at}`);
    const { read, asked } = logOf({});
    const from = await lookBack(
      filters,
      RANGE,
      (some, range) => (some.includes('evt.0.d.0') ? Promise.resolve(TOO_MANY) : read(some, range)),
      begin,
    );
    expect(asked.map(({ length }) => length)).toEqual([250, 100]);
    expect([from.size, from.has('d.0'), from.get('d.599')]).toEqual([350, false, 10]);
  });

  it('asks nothing where there is nothing in between', async () => {
    const { read, asked } = logOf({});
    expect(await lookBack(['d.a'], { after: 10, upTo: 10 }, read, begin)).toEqual(new Map());
    expect(asked).toEqual([]);
  });
});
