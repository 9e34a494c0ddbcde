import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../hub-process.ts';

/** A build of another commit, with packages of its own. */
export interface PreviousBuild {
  /** The full hash of its commit. */
  readonly commit: string;
  readonly folder: string;
  remove(): void;
}

/**
 * Builds the commit that PREVIOUS_COMMIT names, else the one before the last that changed what runs.
 * @throws Error where git does not know that commit, as in a clone that is not deep enough.
 */
export function buildPrevious(): PreviousBuild {
  const commit = process.env.PREVIOUS_COMMIT ? resolve(process.env.PREVIOUS_COMMIT) : beforeLastChange();
  const folder = mkdtempSync(join(tmpdir(), 'tidings-previous-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const archive = git('archive', commit);
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    const options = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] as const };
    execFileSync('npm', ['ci', '--prefer-offline', '--ignore-scripts'], { ...options, stdio: [...options.stdio] });
    execFileSync('npm', ['run', 'build'], { ...options, stdio: [...options.stdio] });
    return { commit, folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function beforeLastChange(): string {
  const last = git('log', '-1', '--format=%H', '--', 'packages', 'services').toString().trim();
  return resolve(`${last}^`);
}

function resolve(revision: string): string {
  try {
    return git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).toString().trim();
  } catch {
    throw new Error(
      `git has no commit ${revision}: get more of the history (git fetch --deepen 50), or name one in PREVIOUS_COMMIT`,
    );
  }
}

function git(...words: string[]): Buffer {
  return execFileSync('git', words, { cwd: ROOT, maxBuffer: 256 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] });
}
