import { describe, expect, test } from 'vitest';
import { createChance } from '../src/chaos/chance.ts';
import { judgeReply, parseAnswers } from '../src/fuzz/answer.ts';
import { encodeInput, type Input, parseInput } from '../src/fuzz/input.ts';
import { createLogWatch } from '../src/fuzz/log-watch.ts';
import { judgeMemory } from '../src/fuzz/memory.ts';
import { createTokenMutator, meansTheSame } from '../src/fuzz/token-mutation.ts';

const SIGNATURE = 'Pj8-Pz4_Pj8-Pz4_Pj8-Pz4_Pj8-Pz4_Pj8-Pz4_PjA';
const GOOD = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.${SIGNATURE}`;

const input: Input = {
  kind: 'token',
  what: 'cut',
  protocol: 'h1',
  service: 'edge',
  steps: [{ bytes: Buffer.from([0, 10, 13, 34, 92, 128, 255]), pauseMs: 3 }],
  ending: 'answer',
  refused: true,
};
const answer = (status: number, body: string, type = 'application/problem+json'): string =>
  `HTTP/1.1 ${status} x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const problem = (code: string, status: number): string =>
  JSON.stringify({ type: `urn:tidings:problem:${code}`, title: 'x', status, code });
const judge = (text: string): string | undefined => judgeReply(input, { text, closed: true, whole: true }, ['hush']);

describe('what the fuzz run judges by', () => {
  test('an input goes to a file and back, to the byte', () => {
    expect(parseInput(encodeInput(input))).toEqual(input);
  });

  test('a token that is spelled another way means the same, and one that says something else does not', () => {
    for (const same of [GOOD, ` ${GOOD}\t`, `${GOOD.slice(0, -1)}B`, GOOD.replaceAll('_', '/')])
      expect(meansTheSame(same, [GOOD]), same).toBe(true);
    for (const other of [GOOD.slice(0, -1), GOOD.slice(1), `${GOOD}.`, GOOD.replace('eyJzdWIi', 'eyJzdWIj')])
      expect(meansTheSame(other, [GOOD]), other).toBe(false);
  });

  test('a seed makes the same tokens again', () => {
    const mutator = createTokenMutator('x'.repeat(32), [GOOD, GOOD, GOOD], { sub: 'a' }, 1_790_000_000);
    const all = (): string[] => {
      const chance = createChance(7);
      return Array.from({ length: 200 }, () => mutator.mutate(chance).token);
    };
    expect(all()).toEqual(all());
  });

  test.each([
    ['a token that was taken', answer(200, '{}', 'application/json'), /nobody may take/],
    ['a token that was taken, and grants too little', answer(403, problem('forbidden', 403)), /nobody may take/],
    ['a 500', answer(500, problem('internal', 500)), /the answer is 500/],
    ['a problem of no known code', answer(401, problem('odd', 401)), /unknown code/],
    ['a problem that says another status', answer(401, problem('forbidden', 403)), /says 403/],
    ['an error that is no problem', answer(401, 'no', 'text/plain'), /of the type/],
    ['a secret', answer(401, '{"hush":1}'), /secret/],
    ['a stack', answer(401, 'x\n    at run (/srv/a.js:1:2)'), /stack/],
    ['silence', '', /not answered/],
  ])('%s is a finding', (_name, text, fault) => {
    expect(judge(text)).toMatch(fault);
  });

  test('a refusal is none', () => {
    expect(judge(answer(401, problem('unauthenticated', 401)))).toBeUndefined();
  });

  test('memory may be more for what is kept, and no more than that', () => {
    const at = (heapMb: number) => ({ heapMb, rssMb: 100, handles: 9, http1Streams: 1, http2Streams: 0 });
    const during = (perSample: number) => Array.from({ length: 40 }, (_, place) => at(30 + place * perSample));
    const judge = (perSample: number, after: number) =>
      judgeMemory({ base: at(20), during: during(perSample), after: at(after), inputs: 10_000 }).fault;
    expect(judge(0.1, 30)).toBeUndefined();
    expect(judge(0.5, 30)).toMatch(/^the heap grew/);
    expect(judge(0, 35)).toMatch(/^from before to afterwards/);
  });

  test('answers are told apart: chunks, lengths, those without a body, and 100', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n';
    const none = 'HTTP/1.1 204 No Content\r\n\r\n';
    const text = `HTTP/1.1 100 Continue\r\n\r\n${chunked}${none}${answer(404, 'xyz')}`;
    expect(parseAnswers(text).map(({ status, body }) => [status, body])).toEqual([
      [200, 'abc'],
      [204, ''],
      [404, 'xyz'],
    ]);
  });

  test.each([
    ['a token', 'stdout', `{"level":30,"url":"/?x=${GOOD}"}`],
    ['a secret', 'stdout', '{"level":30,"msg":"hush"}'],
    ['what may stand in a URL alone', 'stdout', '{"level":30,"url":"/a","err":"own"}'],
    ['an error', 'stdout', '{"level":50,"msg":"unexpected error"}'],
    ['no JSON', 'stdout', 'oops'],
    ['a warning of Node', 'stderr', '(node:1) Warning'],
  ] as const)('a line with %s is a fault, once', (_name, from, line) => {
    const watch = createLogWatch(['hush'], ['own']);
    watch.take('{"level":30,"url":"/own","msg":"request"}', 'stdout');
    expect(watch.faults()).toEqual([]);
    watch.take(line, from);
    expect([watch.faults().length, watch.faults().length]).toEqual([1, 0]);
  });
});
