import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';

const execute = promisify(execFile);

/** One object for the API server, as the tests look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

/** A copy of deploy/ that has the secrets of the local overlay, and overlays of its own. */
export interface DeployFolder {
  /** What `kubectl kustomize` makes of a folder below deploy/kubernetes, as text. */
  render(folder: string): Promise<string>;
  /** The same, as objects. */
  build(folder: string): Promise<readonly Manifest[]>;
  /** Adds an overlay of the base and these components, in this order. */
  addOverlay(name: string, components: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Copies deploy/, and makes the secrets of the local overlay as its script does.
 * @throws Error when kubectl is missing, or the script fails.
 */
export async function copyDeployFolder(): Promise<DeployFolder> {
  const kubectl = await findProgram('kubectl');
  const folder = await mkdtemp(join(tmpdir(), 'tidings-deploy-'));
  const kubernetes = join(folder, 'kubernetes');
  await cp(join(ROOT, 'deploy'), folder, { recursive: true });
  await execute(join(kubernetes, 'overlays/local/make-secrets.sh'));
  const render = async (path: string): Promise<string> => {
    const { stdout } = await execute(kubectl, ['kustomize', join(kubernetes, path)], { maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  };
  return {
    render,
    async build(path) {
      const documents = parseAllDocuments(await render(path));
      return documents.map((document) => document.toJS() as Manifest);
    },
    async addOverlay(name, components) {
      const overlay = join(kubernetes, 'overlays', name);
      await mkdir(overlay);
      const kustomization = {
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        namespace: 'tidings',
        resources: ['../../base'],
        components: components.map((component) => `../../components/${component}`),
      };
      await writeFile(join(overlay, 'kustomization.yaml'), stringify(kustomization));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
