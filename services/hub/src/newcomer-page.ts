import { readFileSync } from 'node:fs';
import { TidingsError } from '@tidings/protocol';
import { isLocal, PAGE_HEADERS, type ServiceApp } from '@tidings/runtime';
import type { DevelopmentKit } from './development.ts';

/**
 * Adds the page at `/` that publishes to and shows a live topic. It holds tokens, so it exists in development only, and
 * answers only to this machine, by a
 * loopback name: a page elsewhere that points its own name here must not read them.
 */
export function addNewcomerPage(app: ServiceApp, kit: DevelopmentKit): void {
  const asset = (name: string): string => readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8');
  // In a data block only `<` could end the element early.
  const { topic, subscribeToken, publishToken, adminToken } = kit;
  const settings = JSON.stringify({ topic, subscribeToken, publishToken, adminToken }).replaceAll('<', '\\u003c');
  for (const [path, contentType, body] of [
    ['/', 'text/html', asset('index.html').replace('__SETTINGS__', () => settings)],
    ['/page.js', 'text/javascript', asset('page.js')],
    ['/page.css', 'text/css', asset('page.css')],
  ] as const) {
    app.get(path, (context) => {
      if (!isLocal(context.env.incoming)) {
        throw new TidingsError(
          'forbidden',
          'The page holds tokens: open it on the machine of the hub, as localhost or 127.0.0.1.',
        );
      }
      return context.body(body, 200, {
        ...PAGE_HEADERS,
        // It holds tokens.
        'Cache-Control': 'no-store',
        'Content-Type': `${contentType}; charset=utf-8`,
      });
    });
  }
}
