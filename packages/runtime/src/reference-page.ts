import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { PAGE_HEADERS } from './page-headers.ts';

/**
 * The API reference at `/docs`: a page that renders the service's own `/openapi.json` without any other host. The assets
 * are read here, once.
 * @throws the file system's error when an asset is missing, so that a broken installation fails at start.
 */
export function createReferencePage(): Hono {
  const page = new Hono();
  for (const [path, name, contentType] of [
    ['/docs', 'reference.html', 'text/html'],
    ['/docs/reference.js', 'reference.js', 'text/javascript'],
    ['/docs/reference.css', 'reference.css', 'text/css'],
  ] as const) {
    // The same folder from src and from dist: both lie beside it.
    const body = readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8');
    const headers = { ...PAGE_HEADERS, 'Content-Type': `${contentType}; charset=utf-8` };
    page.get(path, (context) => context.body(body, 200, headers));
  }
  return page;
}
