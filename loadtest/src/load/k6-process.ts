import { execFile, spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { guard } from '../server/guard.ts';
import { ROOT } from '../server/measured-process.ts';
import { createLineReader, type Line } from './line.ts';
import { parseSummary, type Summary } from './summary.ts';

const LOOK_EVERY_MS = 200;
const KEPT_CHARACTERS = 4_000;
/** Linux answers to all of 127.0.0.0/8: from several addresses, ports do not run out. */
const SOURCE_ADDRESSES = '127.0.0.2-127.0.0.9';
/** k6 exits with it when a threshold does not hold, which is a result and not a failure. */
const THRESHOLDS_NOT_MET = 99;

export interface K6Options {
  /** Path of k6 with the extension; see `findK6`. */
  readonly binary: string;
  readonly scenario: string;
  /** What the script reads, beside what every script gets. */
  readonly env: Readonly<Record<string, string>>;
  /** All that it connects to is on this machine. */
  readonly isLocal?: boolean;
  readonly onLine?: (line: Line) => void;
  readonly onStart?: (pid: number | undefined) => void;
  /** Ends k6 early. */
  readonly signal?: AbortSignal;
}

/** Finds k6 with the extension, or builds it once, which takes some minutes. @throws Error with the remedy. */
export async function findK6(): Promise<string> {
  const find = join(ROOT, 'scripts/programs/find.mjs');
  const running = promisify(execFile)(process.execPath, [find, 'k6']);
  running.child.stderr?.pipe(process.stderr);
  return (await running).stdout.trim();
}

/** What k6 said at its end. */
interface K6Outcome {
  readonly summary: Summary;
  /** By its exit code. */
  readonly hasCrossedThresholds: boolean;
  /** Its last lines of errors and warnings. */
  readonly words: string;
}

/** Runs a scenario to its end. @throws Error with k6's last words when it came to none. */
export async function runK6({
  binary,
  scenario,
  env,
  isLocal = false,
  onLine,
  onStart,
  signal,
}: K6Options): Promise<K6Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-k6-'));
  const [lines, result] = [join(folder, 'lines.ndjson'), join(folder, 'result.json')];
  await writeFile(lines, '');
  const args = [
    ...['run', '--quiet', '--out', `tidings=${lines}`],
    // The port of its own API would be in the way of a second run.
    ...['--address', ''],
    ...(isLocal && process.platform === 'linux' ? ['--local-ips', SOURCE_ADDRESSES] : []),
    join(ROOT, `loadtest/k6/scenarios/${scenario}.ts`),
  ];
  const child = spawn(binary, args, {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...env,
      RESULT: result,
      K6_NO_USAGE_REPORT: 'true',
      // The extension is in the binary: nothing is to be asked of anybody.
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  guard(child);
  onStart?.(child.pid);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-KEPT_CHARACTERS);
  });
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve(code ?? by));
  }).finally(() => {
    hasEnded = true;
  });
  try {
    const followed = follow(lines, createLineReader(onLine ?? (() => {})), () => hasEnded);
    const [code] = await Promise.all([ended, followed]);
    const said = hideSecrets(words.trim(), env);
    if (code !== 0 && code !== THRESHOLDS_NOT_MET) throw new Error(`k6 ended with ${code}:\n${said}`);
    const summary = parseSummary(await readFile(result, 'utf8'));
    return { summary, hasCrossedThresholds: code === THRESHOLDS_NOT_MET, words: said };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A script may have been told of them in an error, as a part of a URL. */
const hideSecrets = (text: string, { TIDINGS_TOKEN: token }: K6Options['env']): string =>
  (token ? text.replaceAll(token, '[token]') : text).replace(/\/\/[^/\s@"]+@/g, '//');

/** Hands on what is appended to a file, until there is no more of it. */
async function follow(path: string, take: (text: string) => void, isOver: () => boolean): Promise<void> {
  const file = await open(path);
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(65_536);
  try {
    for (;;) {
      const wasOver = isOver();
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead > 0) take(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }));
      else if (wasOver) return;
      else await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await file.close();
  }
}
