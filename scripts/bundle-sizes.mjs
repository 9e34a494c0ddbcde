// `npm run size`: bundles what a page would load of the SDK, as Vite does it for a build and once as esbuild does, and has
// size-limit hold each bundle, gzipped, to its limit in .size-limit.json. From the sources, so that no build is needed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as buildWithEsbuild } from 'esbuild';
import { build as buildWithVite, defaultClientConditions } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where .size-limit.json looks for them. */
const FOLDER = join(ROOT, 'node_modules/.cache/bundle-sizes');
const SOURCE_CONDITION = '@tidings/source';

const ALL_OF_SUBSCRIBER = `export * from '@tidings/sdk/subscriber';`;
/** Pages, by the name of the bundle. */
const PAGES = {
  subscriber: ALL_OF_SUBSCRIBER,
  page: `
    import { createTidings } from '@tidings/sdk/subscriber';
    createTidings().subscribe('orders.*', ({ data }) => console.log(data));`,
  // Grows to the size of the subscriber once an unused part of it can't be left out.
  'hub-error': `export { HubError } from '@tidings/sdk/subscriber';`,
  react: `export * from '@tidings/sdk/react';`,
  inbox: `export * from '@tidings/sdk/inbox'; export * from '@tidings/sdk/inbox/react';`,
  publisher: `export * from '@tidings/sdk/publisher';`,
};
/** A page that uses the adapter, or an inbox, has React and the subscriber anyway. */
const PRESENT = { react: [/^react$/, /\/subscriber\//], inbox: [/^react$/, /\/subscriber\//] };

async function bundleWithVite(name, code) {
  const input = `page:${name}`;
  const { output } = await buildWithVite({
    configFile: false,
    root: ROOT,
    // A module's "use client" is lost in a bundle of a page, which has no server part.
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        enforce: 'pre',
        resolveId: (id) => (id === input ? id : undefined),
        load: (id) => (id === input ? code : undefined),
      },
    ],
    resolve: { conditions: [SOURCE_CONDITION, ...defaultClientConditions] },
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input, preserveEntrySignatures: 'strict', external: PRESENT[name] ?? [] },
    },
  });
  return output[0].code;
}

async function bundleWithEsbuild(code) {
  const { outputFiles } = await buildWithEsbuild({
    stdin: { contents: code, resolveDir: ROOT },
    conditions: [SOURCE_CONDITION],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0].contents;
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
for (const [name, code] of Object.entries(PAGES)) {
  writeFileSync(join(FOLDER, `${name}.js`), await bundleWithVite(name, code));
}
writeFileSync(join(FOLDER, 'subscriber-by-esbuild.js'), await bundleWithEsbuild(ALL_OF_SUBSCRIBER));

const sizeLimit = join(ROOT, 'node_modules/size-limit/bin.js');
const { status } = spawnSync(process.execPath, [sizeLimit, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
process.exitCode = status ?? 1;
