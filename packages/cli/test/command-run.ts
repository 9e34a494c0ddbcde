import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Input } from '../src/io.ts';
import { run } from '../src/run.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Outcome {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** What stands around a command. */
export interface Around {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly stdin?: string | AsyncIterable<Uint8Array> | undefined;
  /** Which of the streams are a terminal. */
  readonly terminal?: readonly ('stdin' | 'stdout' | 'stderr')[];
  readonly now?: () => number;
}

/** A command that runs. */
export interface Running {
  /** What it has written until now. */
  readonly out: string;
  readonly err: string;
  readonly done: Promise<Outcome>;
}

/** Runs a command in this process. */
export function begin(words: readonly string[], around: Around = {}): Running {
  const { env = {}, stdin = '', terminal = [], now = Date.now } = around;
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    isTTY: terminal.includes(name),
    columns: 100,
    write(text: string) {
      written[name] += text;
    },
  });
  const bytes = typeof stdin === 'string' ? toBytes(stdin) : stdin;
  const input: Input = {
    isTTY: terminal.includes('stdin'),
    [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](),
  };
  const io = { stdin: input, stdout: output('stdout'), stderr: output('stderr'), env, now };
  const done = run(words, io).then((code) => ({ code, out: written.stdout, err: written.stderr }));
  return {
    get out() {
      return written.stdout;
    },
    get err() {
      return written.stderr;
    },
    done,
  };
}

/** The same, to its end. */
export const runHere = (words: readonly string[], around?: Around): Promise<Outcome> => begin(words, around).done;

/** Runs it as a user does, in a process of its own. */
export function spawnCommand(words: readonly string[], env: NodeJS.ProcessEnv = {}): Running & { child: ChildProcess } {
  const child = spawn(process.execPath, [MAIN, ...words], { env: { PATH: process.env.PATH, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  const done = new Promise<Outcome>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? '', out, err }));
  });
  return {
    child,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    done,
  };
}

async function* toBytes(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}
