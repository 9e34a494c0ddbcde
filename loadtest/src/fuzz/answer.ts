import { PROBLEMS } from '@tidings/protocol';
import { isWhole, type Reply } from './connection.ts';
import type { Input } from './input.ts';

/** One answer of HTTP/1. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** All of it came. */
  readonly whole: boolean;
}

// `505` is for versions that nobody speaks here.
const EXPECTED_5XX: ReadonlySet<number> = new Set([503, 505]);
// 403 would mean that it was taken, and grants too little. One that no header may hold is refused before anybody reads it.
const REFUSALS: ReadonlySet<number> = new Set([401, 400, 414, 431]);
const FRAME_HEAD_BYTES = 9;
// RFC 7541 appendix A: `:status 500` as the first field of a block.
const STATUS_500 = 0x8e;
const STACK = /(\\n|\n)\s+at [^\n]{1,200}(\.[jt]s|node:[\w/]+):\d+/;

/** The answers that a connection brought. Those to HEAD have no body, whatever their length says. */
export function parseAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  let rest = text;
  for (let head = HEAD.exec(rest); head !== null; head = HEAD.exec(rest)) {
    const [all, status = '', lines = ''] = head;
    rest = rest.slice(all.length);
    const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'im').exec(lines)?.[1]?.trim() ?? '';
    const { body, length, whole } = readBody(rest, Number(status), field('content-length'), field('transfer-encoding'));
    rest = rest.slice(length);
    // 100 Continue comes before its answer.
    if (status !== '100') answers.push({ status: Number(status), type: field('content-type'), body, whole });
  }
  return answers;
}

const HEAD = /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/;

function readBody(
  rest: string,
  status: number,
  lengthField: string,
  coding: string,
): { body: string; length: number; whole: boolean } {
  if (status === 204 || status === 304 || status === 100) return { body: '', length: 0, whole: true };
  if (/chunked/i.test(coding)) return readChunks(rest);
  if (lengthField === '') return { body: rest, length: rest.length, whole: false };
  // The next answer, where a body should be: this was one to HEAD.
  if (rest === '' || HEAD.test(rest)) return { body: '', length: 0, whole: rest !== '' };
  const length = Number(lengthField);
  return { body: rest.slice(0, length), length, whole: rest.length >= length };
}

function readChunks(rest: string): { body: string; length: number; whole: boolean } {
  let body = '';
  let at = 0;
  while (true) {
    const [line, size] = /^([0-9a-f]+)\r\n/i.exec(rest.slice(at, at + 20)) ?? [];
    if (line === undefined || size === undefined) return { body, length: rest.length, whole: false };
    const length = Number.parseInt(size, 16);
    body += rest.slice(at + line.length, at + line.length + length);
    at += line.length + length + 2;
    if (length === 0) return { body, length: at, whole: true };
  }
}

/**
 * What is wrong with a reply, whatever was sent; nothing where it is as it should be.
 * @param secrets texts that no reply may hold.
 */
export function judgeReply(input: Input, reply: Reply, secrets: readonly string[]): string | undefined {
  for (const secret of secrets) if (reply.text.includes(secret)) return 'the answer holds a secret';
  if (STACK.test(reply.text)) return 'the answer holds a stack trace';
  if (input.protocol === 'h2') return judgeFrames(reply.text);
  const answers = parseAnswers(reply.text);
  for (const answer of answers) {
    const fault = judgeAnswer(answer);
    if (fault !== undefined) return fault;
  }
  const [first] = answers;
  if (first === undefined && isWhole(input)) return 'a whole request was not answered';
  if (!input.refused || first === undefined) return undefined;
  if (REFUSALS.has(first.status)) return undefined;
  return `a token or a signature that nobody may take was answered with ${first.status}`;
}

function judgeAnswer({ status, type, body, whole }: Answer): string | undefined {
  if (status >= 500 && !EXPECTED_5XX.has(status)) return `the answer is ${status}: ${body.slice(0, 200)}`;
  if (status < 400 || !whole || body === '') return undefined;
  if (type !== 'application/problem+json') return `an answer of ${status} is of the type ${JSON.stringify(type)}`;
  return judgeProblem(body, status);
}

function judgeProblem(text: string, status?: number): string | undefined {
  let problem: { code?: string; status?: number; type?: string };
  try {
    problem = JSON.parse(Buffer.from(text, 'latin1').toString());
  } catch {
    return `a problem that is no JSON: ${text.slice(0, 200)}`;
  }
  const { code = '' } = problem;
  if (!Object.hasOwn(PROBLEMS, code)) return `a problem of the unknown code ${JSON.stringify(code)}`;
  if (problem.type !== `urn:tidings:problem:${code}`)
    return `a problem of the type ${problem.type} with the code ${code}`;
  if (status !== undefined && problem.status !== status)
    return `a problem that says ${problem.status} in an answer of ${status}`;
  return undefined;
}

/** Statuses that are not in the table of HPACK are not told apart; a 500 and a problem document are. */
function judgeFrames(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + length);
    if (bytes[at + 3] === 1 && payload[0] === STATUS_500) return 'the answer is 500, over HTTP/2';
    const data = bytes[at + 3] === 0 && payload.length === length ? payload.toString('latin1') : '';
    const fault =
      data.startsWith('{"type":"urn:tidings:problem:') && data.endsWith('}') ? judgeProblem(data) : undefined;
    if (fault !== undefined) return fault;
    at += FRAME_HEAD_BYTES + length;
  }
  return undefined;
}
