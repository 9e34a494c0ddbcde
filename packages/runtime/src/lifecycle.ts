import type { Logger } from './logger.ts';
import { ConfigurationError } from './settings.ts';

/** sysexits.h: EX_CONFIG and EX_SOFTWARE. */
const EXIT_CONFIGURATION = 78;
const EXIT_SOFTWARE = 70;
// A terminal's Ctrl-C may reach the process twice, by itself and through npm: the echo is not a second wish.
const SECOND_SIGNAL_MS = 1_000;

/** A service that runs: what to do when it is asked to end. */
export interface Running {
  stop(): Promise<void>;
}

/**
 * Runs a service as a process: SIGTERM or SIGINT stops it in good order and exits 0; a second one, a second or more
 * later, exits at once with 1. A configuration fault exits 78 with one line for each, an unexpected error 70.
 */
export async function runService(log: () => Logger, start: () => Promise<Running>): Promise<void> {
  const fatal = (error: unknown): void => {
    log().fatal({ err: error }, 'unexpected error, exiting');
    process.exit(EXIT_SOFTWARE);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);

  let running: Running | undefined;
  let firstSignalMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstSignalMs !== undefined) {
      if (performance.now() - firstSignalMs >= SECOND_SIGNAL_MS) process.exit(1);
      return;
    }
    firstSignalMs = performance.now();
    log().info({ signal }, 'stopping');
    // Still starting: nothing was promised to anybody yet.
    if (running === undefined) process.exit(0);
    running.stop().then(() => {
      log().info('stopped');
      process.exit(0);
    }, fatal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    running = await start();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) return fatal(error);
    process.stderr.write(`${error.problems.join('\n')}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}
