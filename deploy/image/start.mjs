// The first process of a container. Its words choose: a service, the command line, or the question whether a service is well.
import { healthOf } from './healthcheck.mjs';

// Words, and the folders of what they start.
const FOLDERS = { edge: 'edge', ingest: 'ingest', hub: 'hub', webhooks: 'dispatcher' };
const SERVICES = Object.keys(FOLDERS);
const USAGE = `Say what to run: ${SERVICES.join(', ')}, tidings <command of the command line>, or healthcheck [ready].\n`;

endOnSignals();
const [word = '', ...rest] = process.argv.slice(2);
if (SERVICES.includes(word) && rest.length === 0) {
  await import(new URL(`services/${FOLDERS[word]}/dist/main.js`, import.meta.url).href);
} else if (word === 'tidings') {
  process.argv.splice(2, 1);
  await import(new URL('packages/cli/dist/main.js', import.meta.url).href);
} else if (word === 'healthcheck' && rest.every((each) => each === 'ready')) {
  const { isWell, answer } = await healthOf(process.env, rest.length > 0 ? '/readyz' : '/healthz');
  process.stdout.write(`${answer}\n`);
  process.exitCode = isWell ? 0 : 1;
} else {
  process.stderr.write(USAGE);
  // sysexits.h: EX_USAGE.
  process.exitCode = 64;
}

/**
 * The kernel ignores for the first process of a container what would end any other. Services have handlers of their own, but
 * not yet while they are loaded: a signal that comes then comes once, and the next thing is the end of the grace.
 */
function endOnSignals() {
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])) {
    process.on(signal, () => {
      // A service, or a command, that wants to end in good order listens too.
      if (process.listenerCount(signal) === 1) process.exit(code);
    });
  }
}
