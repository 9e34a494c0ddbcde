import { readFileSync } from 'node:fs';
import { createPageFiles } from '@tidings/runtime';
import type { Hono } from 'hono';

// Markup comes from templates alone (Trusted Types): what lit makes of them is the one way into the page.
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types lit-html";

/**
 * The console at `/console`: a page that does everything through the public API, with the token that whoever opens it has.
 * Nothing that is served here is secret. Its files are read here, once.
 * @throws Error when the page was not built.
 */
export function createConsole(): Hono {
  return createPageFiles(
    [
      { path: '/console', contentType: 'text/html', body: readBuilt('index.html') },
      { path: '/console/console.js', contentType: 'text/javascript', body: readBuilt('console.js') },
      { path: '/console/console.css', contentType: 'text/css', body: readBuilt('console.css') },
    ],
    { 'Content-Security-Policy': CONTENT_SECURITY_POLICY },
  );
}

function readBuilt(name: string): string {
  try {
    // The same folder from src and from dist: both lie beside it.
    return readFileSync(new URL(`../bundle/${name}`, import.meta.url), 'utf8');
  } catch (cause) {
    throw new Error('The pages of the console are not built: run npm run build.', { cause });
  }
}
