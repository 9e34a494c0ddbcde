import { MAX_CONTROL_BYTES } from './cluster-port.ts';

const KEY = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,7}$/;
const TOKEN = /^[A-Za-z0-9_-]+$/;
const MOST_KEY_CHARACTERS = 200;

/** What is said as JSON text. @throws RangeError over `MAX_CONTROL_BYTES`; TypeError for what is no JSON. */
export function toControlText(what: string, body: unknown): string | undefined {
  // Of what JSON has no word for, such as a function or nothing at all, nothing is said.
  const text: string | undefined = JSON.stringify(body);
  if (text !== undefined) assertControlSize(what, text);
  return text;
}

/** @throws RangeError over `MAX_CONTROL_BYTES`. */
function assertControlSize(what: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CONTROL_BYTES) throw new RangeError(`${what} has ${bytes} bytes, of at most ${MAX_CONTROL_BYTES}`);
}

/** @throws TypeError for what is no key of the shared state. */
export function assertStateKey(key: string): void {
  if (key.length > MOST_KEY_CHARACTERS || !KEY.test(key))
    throw new TypeError('a key is 1-8 tokens of [A-Za-z0-9_-], joined by dots, of at most 200 characters');
}

/** @throws TypeError, RangeError for what can be no entry. */
export function assertStateEntry(key: string, value: string, ttlSec: number): void {
  assertStateKey(key);
  if (!Number.isSafeInteger(ttlSec) || ttlSec < 1)
    throw new TypeError('put(key, value, ttlSec): whole seconds from 1 on');
  assertControlSize('a value', value);
}

/** @throws TypeError for what is no first token of a key. */
export function assertStatePrefix(prefix: string): void {
  if (!TOKEN.test(prefix)) throw new TypeError('follow(prefix, …): a prefix is one token of [A-Za-z0-9_-]');
}
