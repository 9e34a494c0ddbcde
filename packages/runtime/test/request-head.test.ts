import { expect, it } from 'vitest';
import { headerValues, requestedHost } from '../src/request-head.ts';

it('every value of a header is found, whatever the case of its name', () => {
  const rawHeaders = ['Authorization', 'a', 'X-Authorization', 'b', 'AUTHORIZATION', 'c', 'authorization', ''];
  expect(headerValues({ headers: {}, rawHeaders }, 'authorization')).toEqual(['a', 'c', '']);
  expect(headerValues({ headers: {}, rawHeaders }, 'host')).toEqual([]);
});

it('a value that reads like the name is no header', () => {
  const rawHeaders = ['X-Name', 'authorization', 'Host', 'hub.example'];
  expect(headerValues({ headers: {}, rawHeaders }, 'authorization')).toEqual([]);
});

it('the host is that of :authority, and of Host where there is none', () => {
  expect(requestedHost({ headers: { ':authority': 'a.example', host: 'b.example' }, rawHeaders: [] })).toBe(
    'a.example',
  );
  expect(requestedHost({ headers: { host: 'b.example:8080' }, rawHeaders: [] })).toBe('b.example:8080');
  expect(requestedHost({ headers: {}, rawHeaders: [] })).toBeUndefined();
});
