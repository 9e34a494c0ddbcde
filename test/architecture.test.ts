import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Imports go strictly downwards; packages of one layer never meet. */
const LAYERS: readonly (readonly string[])[] = [
  ['packages/protocol'],
  ['packages/runtime', 'packages/sdk'],
  ['packages/auth', 'packages/broker', 'packages/console', 'packages/demo', 'packages/tracing'],
  ['packages/control', 'packages/webhooks'],
  ['services/ingest', 'services/edge', 'services/dispatcher', 'packages/cli'],
  ['services/hub'],
];

/** Third-party packages that live in one place each, and why. */
const HOMES: readonly { module: RegExp; home: string; because: string }[] = [
  {
    module: /^jose$/,
    home: 'packages/auth/src',
    because: 'tokens are read in one place, so that one place is audited',
  },
  {
    module: /^nats$/,
    home: 'packages/broker/src/nats',
    because: 'its successor can take its place by changing one folder',
  },
  {
    module: /^@opentelemetry\//,
    home: 'packages/tracing/src/otel',
    because: 'nobody pays for it who does not trace: one file there is loaded when it is asked for',
  },
  {
    module: /^(undici|ipaddr\.js)$/,
    home: 'services/dispatcher/src',
    because: 'requests to addresses of others are made, and checked, in one place',
  },
  { module: /^pino/, home: 'packages/runtime/src', because: 'one logger redacts for all' },
  {
    module: /^rate-limiter-flexible/,
    home: 'packages/runtime/src/limit',
    because: 'rates hold in the long run by what is built around it',
  },
  { module: /^prom-client$/, home: 'packages/runtime/src', because: 'one file lists every metric' },
  {
    module: /^node:http$/,
    home: 'packages/runtime/src',
    because: 'servers are made with deadlines and limits, in one place',
  },
];

/** Type-only imports of Node's HTTP types are everywhere; importing its code is not. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const ANY_IMPORT = /^(?:import|export)\s+(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;

function sourcesOf(folder: string): { file: string; text: string }[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ file: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

const importsOf = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] as string);
const workspaces = LAYERS.flat();
const sources = workspaces.flatMap((workspace) => sourcesOf(`${workspace}/src`));

describe('the architecture', () => {
  test('every workspace has a layer, and every layer exists', () => {
    const present = ['packages', 'services'].flatMap((parent) =>
      readdirSync(join(ROOT, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${parent}/${entry.name}`),
    );
    expect(present.sort()).toEqual([...workspaces].sort());
  });

  test.each(LAYERS.flatMap((layer, depth) => layer.map((workspace) => ({ workspace, depth }))))(
    '$workspace imports only from the layers below it',
    ({ workspace, depth }) => {
      const below = new Set(
        LAYERS.slice(0, depth)
          .flat()
          .map((each) => each.split('/')[1]),
      );
      const own = workspace.split('/')[1];
      for (const { file, text } of sourcesOf(`${workspace}/src`)) {
        for (const module of importsOf(text, ANY_IMPORT)) {
          const target = /^@tidings\/([^/]+)/.exec(module)?.[1];
          if (target === undefined) continue;
          expect(target, `${file} imports itself by name: use the file`).not.toBe(own);
          expect([...below], `${file} imports ${module}, which is not below it`).toContain(target);
        }
      }
    },
  );

  test('protocol is pure: no I/O, nothing of Node but Buffer', () => {
    for (const { file, text } of sourcesOf('packages/protocol/src')) {
      const foreign = importsOf(text, ANY_IMPORT).filter((module) => !module.startsWith('./'));
      expect(foreign, `${file} must import nothing from outside`).toEqual([]);
    }
  });

  test('what runs on pages imports what pages can have: nothing of Node, and of the server the types at most', () => {
    const onPages = sources.filter(({ file }) =>
      /^packages\/(console\/src\/page|sdk\/src\/(subscriber|react|inbox|inbox-react)|demo\/src\/[^/]+\/page\.ts)/.test(
        file,
      ),
    );
    expect(onPages.length).toBeGreaterThan(20);
    for (const { file, text } of onPages) {
      for (const module of importsOf(text, IMPORT)) {
        expect(module, `${file} imports ${module}`).toMatch(
          /^(\.|lit(\/directives\/.*)?$|uplot$|react$|@tidings\/(sdk\/|protocol\/client$))/,
        );
      }
    }
  });

  test.each(HOMES)('$module is imported in $home alone, because $because', ({ module, home }) => {
    const users = sources.filter(({ text }) => importsOf(text, IMPORT).some((name) => module.test(name)));
    // A rule about something that nobody imports any more is a rule to delete.
    expect(users.length, `${module} is used nowhere: the rule is stale`).toBeGreaterThan(0);
    for (const { file } of users) expect(file.startsWith(home), `${file} may not import ${module}`).toBe(true);
  });

  test('inside a package files import each other with their suffix, and index.ts only re-exports', () => {
    for (const { file, text } of sources) {
      for (const module of importsOf(text, ANY_IMPORT)) {
        if (module.startsWith('.')) expect(module.endsWith('.ts'), `${file} imports ${module}`).toBe(true);
      }
      if (!file.endsWith('/index.ts')) continue;
      const rest = text.replaceAll(/export (type )?(\*|\{[^}]*\}) from '[^']+';/g, '').trim();
      expect(rest, `${file} has code of its own`).toBe('');
    }
  });

  test('no file is much over 300 lines, and none is a drawer without a name', () => {
    for (const { file, text } of sources) {
      expect(text.split('\n').length, `${file} holds more than one idea`).toBeLessThanOrEqual(320);
      expect(file).not.toMatch(/(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/);
    }
  });

  test('what a workspace imports, its manifest declares, and nothing more of ours', () => {
    for (const workspace of workspaces) {
      const manifest = JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8'));
      const declared = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@tidings/'));
      const used = new Set(
        sourcesOf(`${workspace}/src`).flatMap(({ text }) =>
          importsOf(text, ANY_IMPORT).flatMap((module) => /^@tidings\/[^/]+/.exec(module)?.[0] ?? []),
        ),
      );
      expect([...used].sort(), workspace).toEqual(declared.sort());
      expect(existsSync(join(ROOT, workspace, 'tsconfig.json'))).toBe(true);
    }
  });
});
