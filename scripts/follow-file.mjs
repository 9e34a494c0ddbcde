import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const LOOK_EVERY_MS = 200;

/** Tells every line that is written to a file from now on, until the process ends or the file is gone. */
export function followFile(path, onLine) {
  let rest = '';
  let offset = withFile(path, (file) => fstatSync(file).size);
  const timer = setInterval(() => {
    const text = withFile(path, (file) => {
      const buffer = Buffer.alloc(64 * 1024);
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, offset));
    });
    if (text === undefined) return clearInterval(timer);
    offset += Buffer.byteLength(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  }, LOOK_EVERY_MS);
  timer.unref();
}

function withFile(path, use) {
  let file;
  try {
    file = openSync(path, 'r');
    return use(file);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
