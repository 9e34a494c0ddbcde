import { PROBLEMS, type ProblemCode, TidingsError, toProblem } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { errorResponse, problemHeaders, toProblemResponse } from '../src/problem-response.ts';

function createRecorder() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) }) };
}

describe('errorResponse', () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])('answers %s with its own status, type and title', async (code) => {
    const { log, lines } = createRecorder();
    const response = errorResponse(new TidingsError(code, 'Why.', { pointer: '/a' }), log);
    const { status, title } = PROBLEMS[code];
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      type: `urn:tidings:problem:${code}`,
      title,
      status,
      code,
      detail: 'Why.',
      pointer: '/a',
    });
    expect(lines).toEqual([]);
  });

  it.each([new Error('hunter2'), new TypeError('hunter2'), 'hunter2', undefined, null, { message: 'hunter2' }])(
    'hides what %j says behind an id that stands in the log',
    async (error) => {
      const { log, lines } = createRecorder();
      const response = errorResponse(error, log);
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(text).not.toContain('hunter2');
      expect(lines).toHaveLength(1);
      expect(text).toContain(lines[0]?.errorId as string);
    },
  );

  it('never puts a cause on the wire', async () => {
    const { log } = createRecorder();
    const error = new TidingsError('malformed-body', 'Not JSON.', {}, new Error('hunter2'));
    expect(await errorResponse(error, log).text()).not.toContain('hunter2');
  });
});

describe('problemHeaders and toProblemResponse', () => {
  it('turns details into headers, a Retry-After of zero included, and leaves out the rest', () => {
    expect(problemHeaders({ retryAfterSec: 0, challenge: 'Bearer', allow: 'GET' })).toMatchObject({
      'Retry-After': '0',
      'WWW-Authenticate': 'Bearer',
      Allow: 'GET',
    });
    expect(Object.keys(problemHeaders({ pointer: '/a' }))).toEqual(['Content-Type', 'Cache-Control']);
  });

  it('puts extra members beside those of RFC 9457', async () => {
    const response = toProblemResponse(toProblem('all-failed'), {}, { results: [1] });
    expect(await response.json()).toMatchObject({ code: 'all-failed', status: 422, results: [1] });
  });
});
