import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';
import { type GuardedSite, passwordOf } from './guarded-site.ts';

const execute = promisify(execFile);

/** A shell of the operator, in a folder of its own. */
export interface OperatorShell {
  readonly folder: string;
  /** Runs commands; gives back what they wrote. @throws as `execFile` does. */
  run(commands: string): Promise<string>;
  /** Runs the commands that stand in the document under the comment `<!-- mark -->`. */
  follow(mark: string): Promise<string>;
  remove(): Promise<void>;
}

/**
 * @param document path of it, from the root.
 * @param places what stands here for the addresses that the commands name. Whoever opens it removes it.
 */
export async function openOperatorShell(
  site: GuardedSite,
  document: string,
  places: Readonly<Record<string, string>> = {},
): Promise<OperatorShell> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-operator-'));
  await symlink(await findProgram('nats-cli'), join(folder, 'nats'));
  const text = readFileSync(join(ROOT, document), 'utf8');
  const surroundings = {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    NATS_URL: site.cluster.urls.join(','),
    NATS_USER: 'operator',
    NATS_PASSWORD: passwordOf('operator'),
  };
  const run = async (commands: string): Promise<string> => {
    const options = { cwd: folder, env: surroundings, timeout: 120_000 };
    const { stdout, stderr } = await execute('sh', ['-c', `set -e\n${commands}`], options);
    return stdout + stderr;
  };
  return {
    folder,
    run,
    async follow(mark) {
      const block = new RegExp(`<!-- ${mark} -->\n( *)\`\`\`sh\n(.*?)\n *\`\`\``, 's').exec(text);
      if (block === null) throw new Error(`${document} has no commands for ${mark}`);
      const [, indent = '', commands = ''] = block;
      const here = Object.entries(places).reduce((some, [from, to]) => some.replaceAll(from, to), commands);
      return await run(here.replaceAll(`\n${indent}`, '\n'));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
