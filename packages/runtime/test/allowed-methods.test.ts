import { describe, expect, it } from 'vitest';
import { allowedMethods } from '../src/allowed-methods.ts';

const ROUTES = [
  { method: 'ALL', path: '/*' },
  { method: 'OPTIONS', path: '*' },
  { method: 'GET', path: '/v1/stream' },
  { method: 'POST', path: '/v1/stream' },
  { method: 'POST', path: '/v1/topics/:topic/events' },
  { method: 'GET', path: '/v1/topics/:topic/events' },
  { method: 'DELETE', path: '/v1/sessions/:id' },
  { method: 'GET', path: '/' },
];

describe('allowedMethods', () => {
  it.each([
    ['/v1/stream', 'GET, HEAD, POST, OPTIONS'],
    ['/v1/topics/a/events', 'POST, GET, HEAD, OPTIONS'],
    ['/v1/topics/..%2f/events', 'POST, GET, HEAD, OPTIONS'],
    ['/v1/sessions/x', 'DELETE, OPTIONS'],
    ['/', 'GET, HEAD, OPTIONS'],
    ['/v1/topics//events', undefined],
    ['/v1/topics/a/b/events', undefined],
    ['/v1/stream/', undefined],
    ['/V1/stream', undefined],
    ['/nowhere', undefined],
    ['', undefined],
    ['*', undefined],
  ])('of %j are %j', (path, allow) => {
    expect(allowedMethods(ROUTES, path)).toBe(allow);
  });

  it('names a method once, however many handlers a route has', () => {
    expect(allowedMethods([...ROUTES, ...ROUTES], '/v1/sessions/x')).toBe('DELETE, OPTIONS');
  });
});
