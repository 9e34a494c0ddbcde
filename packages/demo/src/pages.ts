import { readFileSync } from 'node:fs';
import { createPageFiles, type PageFile } from '@tidings/runtime';
import type { Hono } from 'hono';
import { APPS, type DemoApp, FILES } from './app-list.ts';
import { renderAppPage, renderIndex } from './page-html.ts';
import { renderSource } from './source.ts';

/**
 * The pages and what they load, all read once, here.
 * @throws Error when the pages were not built.
 */
export function createPages(): Hono {
  const scripts = ['frame', ...APPS.map(({ name }) => name)];
  return createPageFiles([
    { path: '/demo', contentType: 'text/html', body: renderIndex(APPS) },
    { path: '/demo/demo.css', contentType: 'text/css', body: readBuilt('demo.css') },
    ...scripts.map(
      (name): PageFile => ({
        path: `/demo/${name}.js`,
        contentType: 'text/javascript',
        body: readBuilt(`${name}.js`),
      }),
    ),
    ...APPS.map(
      (app): PageFile => ({
        path: `/demo/${app.name}`,
        contentType: 'text/html',
        body: renderAppPage(app, sourcesOf(app)),
      }),
    ),
  ]);
}

function sourcesOf({ name, notes }: DemoApp): Readonly<Record<string, string>> {
  return Object.fromEntries(
    FILES.map((file) => {
      // The same folder from src and from dist: both lie beside each other.
      const text = readFileSync(new URL(`../src/${name}/${file}`, import.meta.url), 'utf8');
      return [file, renderSource({ name: file, text }, notes)];
    }),
  );
}

function readBuilt(name: string): string {
  try {
    return readFileSync(new URL(`../bundle/${name}`, import.meta.url), 'utf8');
  } catch (cause) {
    throw new Error('The pages of the demo are not built: run npm run build.', { cause });
  }
}
