/**
 * The last byte of each payload. It stands nowhere else in a stream, so that a reader finds events by looking for one
 * byte, and never parses what it does not need.
 */
export const SENTINEL = 0x7e;

/** Before the sentinel: when it was sent, then its number. */
const TIME_DIGITS = 16;
const NUMBER_DIGITS = 8;
export const MARK_BYTES: number = TIME_DIGITS + NUMBER_DIGITS;

/** Numbers of this many events fit into one channel; the digit before them names the channel. */
export const CHANNEL_SIZE = 10_000_000;

/**
 * A payload of this many bytes that says when it was sent, and as which event of its topic.
 * @param number channel times `CHANNEL_SIZE`, plus a count that grows by one.
 */
export function encodePayload(bytes: number, sentUs: number, number: number): string {
  const time = String(Math.floor(sentUs)).padStart(TIME_DIGITS, '0');
  const mark = `${time}${String(number).padStart(NUMBER_DIGITS, '0')}~`;
  return 'x'.repeat(Math.max(0, bytes - mark.length)) + mark;
}

/** When the event was sent whose sentinel stands at `end`, in microseconds of `nowUs`. */
export function readSentUs(bytes: Uint8Array, end: number): number {
  return readDigits(bytes, end - MARK_BYTES, TIME_DIGITS);
}

/** The number of the event whose sentinel stands at `end`. */
export function readNumber(bytes: Uint8Array, end: number): number {
  return readDigits(bytes, end - NUMBER_DIGITS, NUMBER_DIGITS);
}

function readDigits(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at += 1) value = value * 10 + (bytes[at] as number) - 48;
  return value;
}
