import { describe, expect, test } from 'vitest';
import { checkCommandLine, valuesOf } from '../src/option.ts';
import { changesBetween, suggestionFor } from '../src/suggestion.ts';

const args = {
  topic: { type: 'positional', required: true },
  data: { type: 'positional', required: false },
  url: { type: 'string' },
  'token-file': { type: 'string' },
  json: { type: 'boolean' },
  store: { type: 'boolean', default: true },
} as const;

function faultOf(words: readonly string[], isVariadic = false): string {
  try {
    checkCommandLine({ words, args, isVariadic });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a command line', () => {
  test.each([
    [['x']],
    [['x', 'y', '--json', '--url', 'http://a']],
    [['--url=http://a', 'x']],
    [['--no-store', 'x', '--token-file', '-']],
    [['x', '--', '--json']],
    [['x', '-']],
    [['x', '--url=-a']],
  ])('%j is taken', (words) => {
    expect(faultOf(words)).toBe('');
  });

  test.each([
    [['x', '--jsno'], 'There is no option --jsno. Did you mean --json?'],
    [['x', '--no-stor'], 'There is no option --no-stor. Did you mean --no-store?'],
    [['x', '--tokenFile', 'y'], 'There is no option --tokenFile. Did you mean --token-file?'],
    [['x', '--elephant'], 'There is no option --elephant.'],
    [['x', '--no-url'], 'There is no option --no-url.'],
    [['x', '-5'], 'There is no option -5. A word that begins with "-" comes after "--".'],
    [['x', '--json=yes'], '--json takes no value.'],
    [['x', '--url'], '--url needs a value. One that begins with "-" is given as --url=…'],
    [['x', '--url', '--json'], '--url needs a value. One that begins with "-" is given as --url=…'],
    [['--json'], '<topic> is missing.'],
    [['x', 'y', 'z'], '"z" is one word too many. What has spaces in it goes into quotes.'],
  ])('%j is refused, with what was probably meant', (words, fault) => {
    expect(faultOf(words)).toBe(fault);
  });

  test('a word may come several times where it is said so', () => {
    expect(faultOf(['a', 'b', 'c'], true)).toBe('');
  });

  test('an option that comes several times has all its values, but not those behind the end of options', () => {
    expect(valuesOf(['--url', 'a', 'x', '--url=b', '--', '--url', 'c'], args, 'url')).toEqual(['a', 'b']);
  });
});

describe('a suggestion', () => {
  test('counts letters that are missing, too many, wrong and swapped', () => {
    expect(changesBetween('tail', 'tail')).toBe(0);
    expect(changesBetween('tial', 'tail')).toBe(1);
    expect(changesBetween('tai', 'tail')).toBe(1);
    expect(changesBetween('taill', 'tail')).toBe(1);
    expect(changesBetween('toil', 'tail')).toBe(1);
    expect(changesBetween('', 'tail')).toBe(4);
  });

  test('is the beginning of a word, or near it, and nothing for what is far from all', () => {
    const known = ['tail', 'token', 'publish'];
    expect(suggestionFor('pub', known)).toBe('publish');
    expect(suggestionFor('tokne', known)).toBe('token');
    expect(suggestionFor('kick', known)).toBeUndefined();
    expect(suggestionFor('x', known)).toBeUndefined();
  });
});
