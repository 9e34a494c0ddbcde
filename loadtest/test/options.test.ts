import { describe, expect, test } from 'vitest';
import { parseBenchOptions } from '../src/bench/options.ts';
import { parseSoakOptions } from '../src/soak/options.ts';

describe('the words after npm run bench --', () => {
  const names = ['broadcast-h1', 'burst'];

  test('choose scenarios by name, in one list or several', () => {
    expect(parseBenchOptions(['--only', 'broadcast-h1,burst', '--quick'], names)).toEqual({
      only: names,
      quick: true,
      compare: false,
      profile: false,
      with: [],
    });
    expect(parseBenchOptions(['--only', 'burst', '--only', 'broadcast-h1'], names).only).toEqual([
      'burst',
      'broadcast-h1',
    ]);
  });

  test('are refused with what there is, when they name nothing', () => {
    expect(() => parseBenchOptions(['--only', 'bursts'], names)).toThrow('bursts. There are: broadcast-h1, burst');
    expect(() => parseBenchOptions(['--with', 'magic'], names)).toThrow(
      'There is no feature magic. There are: webhooks',
    );
    expect(() => parseBenchOptions(['--fast'], names)).toThrow(TypeError);
  });
});

describe('the words after npm run soak --', () => {
  test('have defaults, and every part can be 0', () => {
    expect(parseSoakOptions([])).toMatchObject({
      minutes: 10,
      idleH1: 15_000,
      idleH2: 50_000,
      churn: 200,
      neverRead: 10,
    });
    expect(parseSoakOptions(['--idle-h2', '0', '--minutes', '0.5'])).toMatchObject({ idleH2: 0, minutes: 0.5 });
  });

  test.each([
    ['--churn', 'many'],
    ['--churn', ''],
    ['--churn', '-1'],
    ['--never-read', '101'],
    ['--idle', '1'],
  ])('refuse %s %s', (...args) => {
    expect(() => parseSoakOptions(args)).toThrow();
  });
});
