import { nowUs } from './clock.ts';
import type { StreamState } from './group.ts';
import { MARK_BYTES, readNumber, readSentUs, SENTINEL } from './mark.ts';

// LF LF CR LF: what follows a sentinel on HTTP/1.1 and holds no part of the next event.
const TRAILER_BYTES = 4;
// Enough for a mark, and for a whole small event where its cursor is wanted.
const CARRY_BYTES = 64;
const CURSOR_CARRY_BYTES = 1_024;

/** Told of every event; one for the process, so that a wait is one comparison. */
export interface ScanListener {
  received(): void;
}

/**
 * Finds the events in bytes of one stream: by their sentinel, wherever the bytes were cut. The bytes are shared by all
 * streams, and are copied only where an event is cut.
 */
export function scan(stream: StreamState, bytes: Buffer, start: number, end: number, listener: ScanListener): void {
  if (!stream.isOpen) greet(stream, bytes, start, end);
  if (stream.carry !== undefined) {
    const joined = Buffer.concat([stream.carry, bytes.subarray(start, end)]);
    stream.carry = undefined;
    scanEvents(stream, joined, 0, joined.length, listener);
  } else {
    scanEvents(stream, bytes, start, end, listener);
  }
}

function greet(stream: StreamState, bytes: Buffer, start: number, end: number): void {
  const { group } = stream;
  stream.greeting += bytes.toString('latin1', start, end);
  const refused = stream.greeting.startsWith('HTTP/1.1 ') && !stream.greeting.startsWith('HTTP/1.1 200');
  if (refused) return void group.onFault(`a stream was answered with ${stream.greeting.split('\r\n')[0]}`);
  if (!stream.greeting.includes(group.options.opening)) return;
  stream.greeting = '';
  stream.isOpen = true;
  group.opened += 1;
  group.onOpen(stream);
}

function scanEvents(stream: StreamState, bytes: Buffer, start: number, end: number, listener: ScanListener): void {
  const { group } = stream;
  let after = start;
  let at = bytes.indexOf(SENTINEL, start);
  if (at !== -1 && at < end) {
    const now = nowUs();
    do {
      if (at - start >= MARK_BYTES) {
        group.count(stream, readNumber(bytes, at));
        group.latency.record(now - readSentUs(bytes, at));
        if (group.options.keepsCursors) stream.cursor = readCursor(bytes, start, at) ?? stream.cursor;
        listener.received();
      }
      after = at + 1;
      // The buffer goes on beyond the end, with what other streams got.
      at = end - after <= TRAILER_BYTES ? -1 : bytes.indexOf(SENTINEL, after);
    } while (at !== -1 && at < end);
    if (end - after <= TRAILER_BYTES) return;
  }
  const keep = group.options.keepsCursors ? CURSOR_CARRY_BYTES : CARRY_BYTES;
  stream.carry = Buffer.from(bytes.subarray(Math.max(after, end - keep), end));
}

function readCursor(bytes: Buffer, start: number, sentinel: number): string | undefined {
  const from = bytes.lastIndexOf('\nid: ', sentinel);
  if (from < start) return undefined;
  return bytes.toString('latin1', from + 5, bytes.indexOf(10, from + 5));
}
