import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './hub-process.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly repository?: { readonly url: string; readonly directory: string };
  readonly dependencies?: Record<string, string>;
}

/** A package as `npm publish` would send it. */
export interface PackedPackage {
  readonly manifest: Manifest;
  /** Its folder in the repository. */
  readonly folder: string;
  /** Path of the tarball. */
  readonly tarball: string;
  /** What is in it, as paths from the root of the package. */
  readonly files: readonly string[];
}

/** Runs a script with Node. @returns what it printed. @throws Error with it when it fails. */
export function runNode(script: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Runs npm. @returns what it printed. @throws Error with it when it fails. */
export function runNpm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** The manifests of all workspaces, by their folders. */
export function readManifests(): Map<string, Manifest> {
  const folders = ['packages', 'services'].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`),
  );
  return new Map(folders.map((each) => [each, JSON.parse(readFileSync(join(ROOT, each, 'package.json'), 'utf8'))]));
}

/** Packs every workspace that is not private into `destination`. They must have been built. */
export function packPublished(destination: string): PackedPackage[] {
  const published = [...readManifests()].filter(([, manifest]) => !manifest.private);
  const workspaces = published.flatMap(([folder]) => ['--workspace', folder]);
  const printed = JSON.parse(
    runNpm(['pack', '--json', '--offline', '--pack-destination', destination, ...workspaces], ROOT),
  );
  // By name since npm 12, a list before.
  const packed = Object.values(printed) as { name: string; filename: string; files: { path: string }[] }[];
  return published.map(([folder, manifest]) => {
    const found = packed.find(({ name }) => name === manifest.name);
    if (found === undefined) throw new Error(`npm pack left out ${manifest.name}`);
    const files = found.files.map(({ path }) => path).sort();
    return { manifest, folder, files, tarball: join(destination, found.filename) };
  });
}
