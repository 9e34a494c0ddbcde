#!/usr/bin/env node
import { run } from './run.ts';

// `tidings tail … | head`: whoever read has had enough, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
// There is nobody to tell.
process.stderr.on('error', () => {});

const { stdin, stdout, stderr, env } = process;
const exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, now: Date.now });
// A command that has failed in part has said so itself.
if (exitCode !== 0) process.exitCode = exitCode;
