// @ts-check
// Runs a command, and publishes what it prints, line by line; the last event has its exit code.
//   node docs/examples/build-log/build.mjs builds.1 npm test
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createPublisher } from '@tidings/sdk/publisher';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_PUBLISH_TOKEN: token = '' } = process.env;
const [topic = 'builds.1', command = 'npm', ...args] = process.argv.slice(2);

async function* lines() {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  yield* createInterface({ input: child.stdout });
  const [code] = await closed;
  // What a source returns is the data of the final event.
  return { code };
}

// A command that can't be run ends the log with an event named `failed`.
await createPublisher({ url, token }).pipe(topic, lines(), { event: 'line', toFailure: String });
