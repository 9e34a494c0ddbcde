import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { currentToken, deploymentOf } from '../src/deployment.ts';
import { describeDuration, parseDuration } from '../src/duration.ts';
import { toFailure } from '../src/failure.ts';
import { toTable } from '../src/table.ts';
import { paintFor, toSafeLine } from '../src/terminal-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function failureOf(given: object, env: NodeJS.ProcessEnv = {}): [number, string] {
  try {
    deploymentOf({ ...given }, env);
  } catch (error) {
    const { exitCode, text } = toFailure(error, ['tidings', 'tail']);
    return [exitCode, text];
  }
  return [0, ''];
}

describe('a deployment', () => {
  test('is where options say, else the environment, else here; without a slash at the end', () => {
    const env = { TIDINGS_URL: 'https://edge.example/hub/', TIDINGS_INGEST_URL: '', TIDINGS_TOKEN: ' t\n' };
    expect(deploymentOf({}, {})).toMatchObject({ url: 'http://127.0.0.1:8080', ingestUrl: 'http://127.0.0.1:8080' });
    const edge = 'https://edge.example/hub';
    expect(deploymentOf({}, env)).toEqual({ url: edge, ingestUrl: edge, token: 't', publishToken: 't' });
    const given = { url: 'http://a/', 'ingest-url': 'http://b', token: 'u' };
    expect(deploymentOf(given, env)).toEqual({ url: 'http://a', ingestUrl: 'http://b', token: 'u', publishToken: 'u' });
  });

  test('a token for publishing may be another, but for one that an option gives', () => {
    const env = { TIDINGS_TOKEN: 'a', TIDINGS_PUBLISH_TOKEN: 'b' };
    expect(deploymentOf({}, env)).toMatchObject({ token: 'a', publishToken: 'b' });
    expect(deploymentOf({ token: 'c' }, env)).toMatchObject({ token: 'c', publishToken: 'c' });
    expect(deploymentOf({ token: 'c', 'publish-token': 'd' }, env)).toMatchObject({ token: 'c', publishToken: 'd' });
  });

  test('a token in a file is read anew each time', () => {
    const path = join(folder, 'token');
    writeFileSync(path, 'first\n');
    const given = { 'token-file': path };
    const deployment = deploymentOf(given, { TIDINGS_TOKEN: 'x' });
    writeFileSync(path, 'second\n');
    expect([deployment.token, currentToken(given, deployment)]).toEqual(['first', 'second']);
    expect(currentToken({}, deployment)).toBe('first');
  });

  test('what can not be used exits with the code of its kind, and no message holds a token', () => {
    writeFileSync(join(folder, 'two-words'), 'very secret');
    expect(failureOf({ url: 'nowhere' })[0]).toBe(64);
    expect(failureOf({ url: 'http://a:b@c' })).toEqual([64, expect.not.stringContaining('a:b')]);
    expect(failureOf({}, { TIDINGS_URL: 'ftp://x' })).toEqual([
      78,
      'tidings: TIDINGS_URL is a URL such as https://events.example.com.',
    ]);
    expect(failureOf({ token: 'a', 'token-file': 'b' })[0]).toBe(64);
    expect(failureOf({ 'token-file': join(folder, 'none') })).toEqual([66, expect.stringContaining('ENOENT')]);
    const [code, text] = failureOf({ 'token-file': join(folder, 'two-words') });
    expect(code).toBe(65);
    expect(text).not.toContain('secret');
  });
});

describe('a duration', () => {
  test.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '10', 'm', '1.5h', '-1h', '1 h', '1y'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('is shown in its two largest units', () => {
    expect(describeDuration(400)).toBe('0 s');
    expect(describeDuration(-61_000)).toBe('1 m 1 s');
    expect(describeDuration(90_061_000)).toBe('1 d 1 h');
  });
});

describe('what is shown', () => {
  test('has colours on a terminal alone, and none for who does not want them', () => {
    const paint = (isTTY: boolean, env: NodeJS.ProcessEnv): string => paintFor({ isTTY, write() {} }, env)('cyan', 'x');
    expect(paint(true, {})).toBe('\x1b[36mx\x1b[39m');
    expect(paint(true, { NO_COLOR: '' })).toBe('\x1b[36mx\x1b[39m');
    expect(paint(true, { NO_COLOR: 'yes' })).toBe('x');
    expect(paint(true, { TERM: 'dumb' })).toBe('x');
    expect(paint(false, {})).toBe('x');
  });

  test('controls no terminal, whoever wrote it', () => {
    expect(toSafeLine('a\x1b[2Jb\x9bc\u202ed\r\n\te')).toBe('a\\x1b[2Jb\\x9bc\\u202ed\\x0d\\n e');
    expect(
      toTable(
        ['id', 'topics'],
        [
          ['1', 'a b'],
          ['12', '\x1b'],
        ],
      ),
    ).toEqual(['ID  TOPICS', '1   a b', '12  \\x1b']);
  });
});
