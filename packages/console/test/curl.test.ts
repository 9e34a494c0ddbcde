import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { toPublishCurl, toShellWord } from '../src/page/curl.ts';
import { toSdkCode } from '../src/page/publish/sdk-code.ts';
import { anyJson } from './any-json.ts';

// A stand-in for curl that says what it was given, and what came to it.
const CURL = `curl() { printf '%s\\0' "$@"; case "$*" in *'@-') cat;; esac; }`;

function runShell(script: string): string[] {
  const { stdout, status, stderr } = spawnSync('sh', ['-s'], {
    input: script,
    env: { TOKEN: 'a token' },
    cwd: tmpdir(),
  });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout.toString().split('\0');
}

describe('a command to publish with', () => {
  test('any text is one word of the shell, and arrives as it is', () => {
    const texts = fc.array(
      anyText().map((text) => text.replaceAll('\0', '')),
      { minLength: 200, maxLength: 200 },
    );
    fc.assert(
      fc.property(texts, (words) => {
        expect(runShell(`printf '%s\\0' ${words.map(toShellWord).join(' ')}`)).toEqual([...words, '']);
      }),
      { numRuns: 5 },
    );
  });

  test('sends any event as it is, with the token of the environment', () => {
    const events = fc.array(fc.record({ topic: anyText(), data: anyJson() }), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(events, (list) => {
        const commands = list.map((event) => toPublishCurl('http://localhost:8080', event));
        const said = runShell([CURL, ...commands].join('\n'));
        const sent = said.filter((_, place) => place % 7 === 6).map((json) => JSON.parse(json));
        expect(sent).toEqual(list);
        expect(said.slice(0, 6)).toEqual([
          'http://localhost:8080/v1/events',
          '-H',
          'Authorization: Bearer a token',
          '-H',
          'Content-Type: application/json',
          '--data-raw',
        ]);
      }),
      { numRuns: 5 },
    );
  });

  test('has nothing in it that a terminal obeys, or that reads as something else', () => {
    const data = 'a\x7f\x7f\x9b2J\u2028\u2029\u202e\u2066\u200f é 😀';
    for (const text of [
      toPublishCurl('http://localhost', { topic: 'a', data }),
      toSdkCode('http://localhost', { topic: 'a', data }),
    ]) {
      expect(text).not.toMatch(/[\x7f-\x9f\u2028\u2029\p{Bidi_Control}]/u);
      expect(text).toContain('a\\u007f\\u007f\\u009b2J\\u2028\\u2029\\u202e\\u2066\\u200f é 😀');
    }
  });

  test('brings an event that is too long for an argument by the standard input', () => {
    const event = { topic: 'a', data: "it's long ".repeat(20_000) };
    const said = runShell(`${CURL}\n${toPublishCurl('http://localhost', event)}`);
    expect(said.slice(-3, -1)).toEqual(['--data-binary', '@-']);
    expect(JSON.parse(said.at(-1) as string)).toEqual(event);
  });
});
