import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createPageFiles, PAGE_HEADERS } from '../src/index.ts';

const pages = createPageFiles([{ path: '/page.js', contentType: 'text/javascript', body: 'console.log("ü")' }]);
const get = (headers: Record<string, string> = {}): Response | Promise<Response> =>
  pages.request('/page.js', { headers });

describe('the files of a page', () => {
  test('come with the headers of every page, and as they are to who does not take gzip', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(PAGE_HEADERS['Content-Security-Policy']);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(await answer.text()).toBe('console.log("ü")');
  });

  test('come compressed to who takes gzip', async () => {
    const answer = await get({ 'Accept-Encoding': 'deflate, gzip' });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await answer.arrayBuffer()).toString()).toBe('console.log("ü")');
    const encodings = ['GZIP', 'br;q=1, gzip;q=0.05', 'gzip;q=0', 'gzip; q=0.000, identity', 'x-gzip-like'];
    const sent = encodings.map(async (encoding) => (await get({ 'Accept-Encoding': encoding })).headers);
    expect((await Promise.all(sent)).map((headers) => headers.get('content-encoding'))).toEqual([
      'gzip',
      'gzip',
      null,
      null,
      null,
    ]);
  });

  test('are not sent again to who has them', async () => {
    const etag = (await get()).headers.get('etag') ?? '';
    expect((await get({ 'If-None-Match': etag })).status).toBe(304);
    expect((await get({ 'If-None-Match': '"other"' })).status).toBe(200);
    for (const header of [`W/${etag}`, `"other", W/"more" , ${etag}`, '*']) {
      expect([header, (await get({ 'If-None-Match': header })).status]).toEqual([header, 304]);
    }
  });

  test('may have headers of their own', async () => {
    const strict = createPageFiles([{ path: '/', contentType: 'text/html', body: '' }], {
      'Cache-Control': 'no-store',
    });
    expect((await strict.request('/')).headers.get('cache-control')).toBe('no-store');
  });
});
