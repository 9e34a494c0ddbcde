// The build that the demo follows: it compresses the demo's own sources, one after the other, and takes its time.
// With `--fail` it finds something wrong at the end.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('../src/', import.meta.url));
const LINE_EVERY_MS = 150;
const LONG_FILE_BYTES = 5_000;

const paint = (code, text) => `\x1b[${code}m${text}\x1b[0m`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

const files = readdirSync(FOLDER, { recursive: true }).filter((name) => name.endsWith('.ts'));
let before = 0;
let after = 0;

console.log(paint(1, `compress ${files.length} files`));
for (const name of files.sort()) {
  await pause(LINE_EVERY_MS);
  const source = readFileSync(FOLDER + name);
  const { length } = brotliCompressSync(source);
  before += source.length;
  after += length;
  console.log(`${paint(32, 'ok')}    ${name.padEnd(24)} ${kilobytes(source.length)} to ${kilobytes(length)}`);
  if (source.length > LONG_FILE_BYTES) console.error(`${paint(33, 'long')}  ${name} is a long file`);
}
console.log(`${kilobytes(before)} became ${kilobytes(after)}`);
if (process.argv.includes('--fail')) {
  console.error(paint(31, 'error: this build was asked to fail'));
  process.exitCode = 1;
}
