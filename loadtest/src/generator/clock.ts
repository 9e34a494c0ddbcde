// Node's `performance.now` starts with the process; the monotonic clock below it is one for the whole machine.
const [seconds, nanoseconds] = process.hrtime();
const OFFSET_US = seconds * 1e6 + nanoseconds / 1e3 - performance.now() * 1e3;

/** Microseconds on a clock that all processes of this machine share; it never goes back. */
export function nowUs(): number {
  return performance.now() * 1e3 + OFFSET_US;
}
