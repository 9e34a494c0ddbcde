// @ts-check
// Prints a log. Stop it, start it again: it goes on with the line after the last one that it printed.
//   node docs/examples/build-log/read.mjs builds.1 builds.1.cursor
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createTidings } from '@tidings/sdk/subscriber';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_TOKEN: token = '' } = process.env;
const [topic = 'builds.1', file = `${topic}.cursor`] = process.argv.slice(2);

const cursor = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
const tidings = createTidings({ url, token, ...(cursor && { cursor }) });
tidings.on('gap', ({ reason }) => console.log(`(what stood here is no longer kept: ${reason})`));

for await (const { id, event, data } of tidings.subscribe(topic, cursor ? {} : { replay: 'all' })) {
  if (event !== 'line') {
    console.log(event, JSON.stringify(data));
    rmSync(file, { force: true });
    break;
  }
  console.log(data);
  // After it was printed: whoever is stopped in between prints a line twice, and misses none.
  // A file of its own first: half a write would forget the place.
  writeFileSync(`${file}.new`, id ?? '');
  renameSync(`${file}.new`, file);
}
tidings.close();
