import { describe, expect, test } from 'vitest';
import { SCENARIOS } from '../src/load/catalogue.ts';
import { knownSizes } from '../src/load/known-size.ts';
import { parseLoadOptions, USAGE } from '../src/load/options.ts';

const parse = (text: string, env: NodeJS.ProcessEnv = {}) => parseLoadOptions(text.split(' ').filter(Boolean), env);

describe('the options of a load test', () => {
  test('start what the scenario needs, and set its variables', () => {
    expect(parse('fan-out --streams 5000 --payload 1000 --set P99_MS=200')).toEqual({
      scenario: 'fan-out',
      target: undefined,
      site: 'hub',
      edges: 2,
      sizes: { STREAMS: '5000', PAYLOAD_BYTES: '1000', P99_MS: '200' },
      out: undefined,
    });
    expect(parse('fan-out --site cluster --edges 4')).toMatchObject({ site: 'cluster', edges: 4 });
    expect(parse('rolling-restart')).toMatchObject({ site: 'cluster', edges: 2 });
  });

  test('aim at a deployment, with a token from the environment alone', () => {
    const words =
      'fan-out --url https://a.example,https://b.example --ingest https://c.example --admin http://10.0.0.1:9090';
    expect(parse(words, { TIDINGS_TOKEN: 'x.y.z' })?.target).toEqual({
      urls: ['https://a.example', 'https://b.example'],
      ingest: 'https://c.example',
      admins: ['http://10.0.0.1:9090'],
      token: 'x.y.z',
    });
    expect(() => parse(words)).toThrow('TIDINGS_TOKEN is missing');
  });

  test('are help where no scenario is named, and help names all of them', () => {
    expect(parse('')).toBeUndefined();
    expect(parse('fan-out --help')).toBeUndefined();
    for (const name of Object.keys(SCENARIOS)) expect(USAGE).toContain(`  ${name} `);
  });

  test.each([
    ['nonsense', 'there is no scenario nonsense: smoke, fan-out'],
    ['fan-out more', 'more is one word too many'],
    ['fan-out --site cloud', '--site is hub or cluster, not cloud'],
    ['fan-out --edges 0', '--edges is a number from 1 to 8'],
    ['rolling-restart --site hub', 'rolling-restart needs edges: --site cluster'],
    ['reconnect-storm --edges 1', 'reconnect-storm needs two edges at least'],
    ['fan-out --duration 0', '--duration is a number above 0, not 0'],
    ['fan-out --admin http://a', '--url says where it is'],
    ['fan-out --url http://a --edges 3', 'with --url nothing is'],
    ['fan-out --url ftp://a', 'ftp://a is no URL of HTTP'],
    ['fan-out --set p99', '--set p99: NAME=VALUE'],
    ['fan-out --set TIDINGS_TOKEN=x', '--set TIDINGS_TOKEN=x: NAME=VALUE'],
    ['fan-out --nonsense', "Unknown option '--nonsense'"],
  ])('%s: %s', (words, message) => {
    expect(() => parse(words, { TIDINGS_TOKEN: 'x.y.z' })).toThrow(message);
  });
});

test.each(Object.keys(SCENARIOS))('what %s can be told is read from its source', (name) => {
  const sizes = knownSizes(name);
  for (const size of ['STREAMS', 'DURATION', 'HTTP', 'STREAMS_PER_CONNECTION']) expect(sizes).toContain(size);
  expect(sizes.has('P99MS')).toBe(false);
});
