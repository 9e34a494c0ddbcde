import { describe, expect, it } from 'vitest';
import { TidingsError } from '../src/error.ts';
import { PROBLEMS, type ProblemCode, problemOf, toProblem } from '../src/problem.ts';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

describe('PROBLEMS', () => {
  it.each(CODES)('section 5: %s is a kebab-case code with an error status and a title', (code) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    const { status, title } = PROBLEMS[code];
    expect(Number.isInteger(status)).toBe(true);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThanOrEqual(599);
    // A sentence without its full stop: RFC 9457 calls it a short summary.
    expect(title).toMatch(/^[A-Z].{5,60}[^.\s]$/);
  });

  it('has no two titles alike, since the title is what a person sees', () => {
    expect(new Set(CODES.map((code) => PROBLEMS[code].title)).size).toBe(CODES.length);
  });

  it.each([
    ['malformed-body', 400],
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not-acceptable', 406],
    ['cursor-gone', 410],
    ['event-too-large', 413],
    ['body-too-large', 413],
    ['unsupported-media-type', 415],
    ['wrong-cell', 421],
    ['invalid-topic', 422],
    ['invalid-event-name', 422],
    ['invalid-cursor', 422],
    ['unknown-field', 422],
    ['all-failed', 422],
    ['unavailable', 503],
    ['draining', 503],
  ] as const)('section 5: %s answers %i', (code, status) => {
    expect(PROBLEMS[code].status).toBe(status);
  });
});

describe('toProblem', () => {
  it.each(CODES)('section 5: makes an RFC 9457 document of %s', (code) => {
    const { status, title } = PROBLEMS[code];
    expect(toProblem(code)).toEqual({ type: `urn:tidings:problem:${code}`, title, status, code });
  });

  it('adds a detail and where the fault is, and no member without a value', () => {
    expect(toProblem('invalid-topic', 'Why.', { pointer: '/topic' })).toMatchObject({
      detail: 'Why.',
      pointer: '/topic',
    });
    expect(Object.keys(toProblem('invalid-topic', ''))).toEqual(['type', 'title', 'status', 'code']);
  });
});

describe('problemOf', () => {
  it('takes the message as the detail, and leaves the delay to the Retry-After header', () => {
    const error = new TidingsError('unavailable', 'The broker is away.', { retryAfterSec: 3 });
    expect(problemOf(error)).toEqual(toProblem('unavailable', 'The broker is away.'));
  });

  it('passes on where the fault is', () => {
    const details = { pointer: '/0/topic', parameter: 'topic', position: 7, topic: 'a.b', host: 'https://b.example' };
    expect(problemOf(new TidingsError('invalid-field', 'No.', details))).toMatchObject(details);
  });

  it('shows nothing of the cause', () => {
    const error = new TidingsError('internal', 'An id.', {}, new Error('a secret'));
    expect(error.cause).toMatchObject({ message: 'a secret' });
    expect(JSON.stringify(problemOf(error))).not.toContain('secret');
  });
});

describe('TidingsError', () => {
  it('is an Error with a code, and without a cause unless it has one', () => {
    const error = new TidingsError('forbidden', 'No.');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'TidingsError', code: 'forbidden', message: 'No.', details: {} });
    expect('cause' in error).toBe(false);
  });
});
