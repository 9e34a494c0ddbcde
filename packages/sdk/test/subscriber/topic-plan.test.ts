import { describe, expect, test } from 'vitest';
import type { Want } from '../../src/subscriber/message.ts';
import { nextAdded, toTopics } from '../../src/subscriber/topic-plan.ts';

const want = (topic: string, replay?: string): Want => ({ key: Math.random(), topic, replay });
const planOf = (wants: Want[], topics: string[]): [string, unknown][] =>
  nextAdded(wants, topics).map(({ topic, replay }) => [topic, replay]);

describe('what is added to a stream', () => {
  test('is what is wanted and not there, each topic once', () => {
    expect(planOf([want('a'), want('b'), want('b'), want('c')], ['c'])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    expect(planOf([want('a')], ['a'])).toEqual([]);
  });

  test('is also a topic that is there, when its past is wanted', () => {
    expect(planOf([want('a'), want('a', 'all')], ['a'])).toEqual([['a', 'all']]);
    expect(planOf([want('a'), want('a', 'all')], [])).toEqual([['a', 'all']]);
  });

  test('has the past of several topics at once, but never of two that could bring the same event', () => {
    expect(planOf([want('a', 'all'), want('b', 'last')], [])).toEqual([
      ['a', 'all'],
      ['b', 'last'],
    ]);
    expect(planOf([want('a', 'all'), want('a', 'last')], [])).toEqual([['a', 'all']]);
    expect(planOf([want('a', 'all'), want('*', 'all'), want('b', 'all')], [])).toEqual([
      ['a', 'all'],
      ['b', 'all'],
    ]);
    expect(planOf([want('*', 'all'), want('a', 'all'), want('c')], [])).toEqual([
      ['*', 'all'],
      ['c', undefined],
    ]);
  });

  test('a new stream has each topic once, and no more than a stream may have', () => {
    expect(toTopics([want('a'), want('b', 'all'), want('a', 'last')])).toEqual(['a', 'b']);
    expect(toTopics(Array.from({ length: 150 }, (_, place) => want(`t.${place}`)))).toHaveLength(100);
  });
});
