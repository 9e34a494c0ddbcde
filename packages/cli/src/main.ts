#!/usr/bin/env node
import { ConfigurationError, VERSION } from '@tidings/runtime';
import { type CommandDef, defineCommand, runCommand, showUsage } from 'citty';
import { benchCommand } from './bench/command.ts';
import { configCommand } from './config.ts';
import { doctorCommand } from './doctor/command.ts';
import { natsSetupCommand } from './nats-setup.ts';

/** sysexits.h: EX_USAGE, EX_UNAVAILABLE, EX_SOFTWARE and EX_CONFIG. */
const EXIT = { usage: 64, unavailable: 69, software: 70, configuration: 78 };

const nats: CommandDef = defineCommand({
  meta: { name: 'tidings nats', description: 'What the NATS servers hold for Tidings.' },
  subCommands: { setup: natsSetupCommand },
});
const main: CommandDef = defineCommand({
  meta: { name: 'tidings', version: VERSION, description: 'The command line of Tidings.' },
  subCommands: { bench: benchCommand, config: configCommand, doctor: doctorCommand, nats },
});

const words = process.argv.slice(2);
try {
  if (words.length === 0 || words.includes('--help')) await showUsage(words[0] === 'nats' ? nats : main);
  else if (words[0] === '--version') console.log(VERSION);
  else await runCommand(main, { rawArgs: words });
} catch (error) {
  process.exitCode = report(error as Error);
}

function report(error: Error & { code?: string }): number {
  if (error instanceof ConfigurationError) {
    console.error(error.problems.join('\n'));
    return EXIT.configuration;
  }
  if (error.code === 'unavailable') {
    console.error(error.message);
    return EXIT.unavailable;
  }
  // What the command line itself got wrong says enough in one line.
  const isUsage = error.name === 'CLIError';
  console.error(isUsage ? `${error.message}\nSee: tidings --help` : error);
  return isUsage ? EXIT.usage : EXIT.software;
}
