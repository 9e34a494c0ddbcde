// Bundles the pages that the services serve, from their sources.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Of all pages, as each package sees it. */
const BASE_STYLE = '../runtime/assets/base.css';

/** Packages with pages: script entries by the name of their bundle, files that are served as they are, and whom to name. */
const PAGES = {
  'packages/console': {
    scripts: { console: 'src/page/main.ts' },
    styles: {
      console: [
        BASE_STYLE,
        'assets/console.css',
        'assets/metrics.css',
        'assets/live.css',
        'assets/publish.css',
        'assets/tokens.css',
        '../../node_modules/uplot/dist/uPlot.min.css',
      ],
    },
    files: ['assets/index.html'],
    // Its comment is none that a bundler would keep.
    credit: 'With uPlot, copyright (c) 2025 Leon Sorokin, MIT licence.',
  },
  'packages/demo': {
    scripts: Object.fromEntries(
      ['frame', 'llm', 'chat', 'bell', 'dashboard', 'build-log', 'ticker', 'support'].map((name) => [
        name,
        `src/${name}/page.ts`,
      ]),
    ),
    styles: { demo: [BASE_STYLE, 'assets/demo.css'] },
    files: [],
  },
};

/** Builds all of it into each package's `bundle` folder, where its server side finds it. */
export async function bundlePages() {
  await Promise.all(Object.entries(PAGES).map(([folder, pages]) => bundlePackage(join(ROOT, folder), pages)));
}

async function bundlePackage(folder, { scripts, styles, files, credit }) {
  const target = join(folder, 'bundle');
  await mkdir(target, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: scripts,
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@tidings/source'],
    // Whoever made what is in it is named at its end, as their licences ask.
    legalComments: 'eof',
    ...(credit && { footer: { js: `/*! ${credit} */` } }),
    write: false,
  });
  await Promise.all([
    ...outputFiles.map(({ path, contents }) => replace(path, contents)),
    ...Object.entries(styles).map(async ([name, sources]) => {
      const texts = await Promise.all(sources.map((source) => readFile(join(folder, source), 'utf8')));
      await replace(join(target, `${name}.css`), texts.join('\n'));
    }),
    ...files.map(async (file) => {
      await replace(join(target, file.split('/').at(-1)), await readFile(join(folder, file)));
    }),
  ]);
}

/** In one step: somebody else may read or build at the same time. */
async function replace(path, contents) {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(Buffer.from(contents))) return;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
