#!/usr/bin/env node
import type { Io } from './io.ts';
import { run } from './run.ts';

// `tidings tail … | head`: whoever read has had enough, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
// There is nobody to tell.
process.stderr.on('error', () => {});

const { stdout, stderr, env } = process;
const io: Io = {
  stdout,
  stderr,
  env,
  // Opened by who reads it.
  get stdin() {
    return process.stdin;
  },
  now: Date.now,
};
process.exitCode = await run(process.argv.slice(2), io);
