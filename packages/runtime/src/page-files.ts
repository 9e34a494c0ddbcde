import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { PAGE_HEADERS } from './page-headers.ts';

/** One file of a page, as it is served. */
export interface PageFile {
  /** Of the request, such as `/console/console.js`. */
  readonly path: string;
  readonly contentType: 'text/html' | 'text/javascript' | 'text/css' | 'text/plain';
  readonly body: string;
}

/**
 * Serves the files of a page from memory, compressed for who takes that, and answered with 304 to who has them
 * (RFC 9110 section 13.1.2).
 * @param headers in place of, or beside, those of every page.
 */
export function createPageFiles(files: readonly PageFile[], headers: Readonly<Record<string, string>> = {}): Hono {
  const pages = new Hono();
  for (const { path, contentType, body } of files) {
    const zipped = new Uint8Array(gzipSync(body));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 20)}"`;
    const common = {
      ...PAGE_HEADERS,
      'Content-Type': `${contentType}; charset=utf-8`,
      ETag: etag,
      Vary: 'Accept-Encoding',
      ...headers,
    };
    pages.get(path, (context) => {
      if (isNamed(etag, context.req.header('If-None-Match'))) return context.body(null, 304, common);
      if (!takesGzip(context.req.header('Accept-Encoding'))) return context.body(body, 200, common);
      return context.body(zipped, 200, { ...common, 'Content-Encoding': 'gzip' });
    });
  }
  return pages;
}

// By weak comparison: a proxy that compresses makes a tag weak, which the browser then sends back.
function isNamed(etag: string, ifNoneMatch = ''): boolean {
  return ifNoneMatch.split(',').some((entry) => ['*', etag].includes(entry.trim().replace(/^W\//, '')));
}

// A weight of 0 forbids it (RFC 9110 section 12.5.3).
function takesGzip(acceptEncoding = ''): boolean {
  return acceptEncoding.split(',').some((entry) => /^\s*gzip\s*(;\s*q=(1|0\.0*[1-9])|$)/i.test(entry));
}
