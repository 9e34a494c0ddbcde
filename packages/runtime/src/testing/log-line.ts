// A JWT, a ticket, and the secret that the tests of the services share: nothing else looks like them.
const SECRET = /eyJ[\w-]{4,}\.[\w-]*\.[\w-]{20,}|tdt_[\w-]{16,}|a secret of this test/;
const MOST_KEPT = 10;
const SHOWN = 500;

let spilled: string[] = [];

/**
 * Reads a line that a service under test wrote to its log. One that holds a token, a ticket or a secret, which no line ever
 * may (contract section 9), is kept for `takeSpilledLines`.
 */
export function readLogLine(line: string): Record<string, unknown> {
  watchLogLine(line);
  return JSON.parse(line);
}

/** The same for a line that need not be JSON. */
export function watchLogLine(line: string): void {
  if (spilled.length < MOST_KEPT && SECRET.test(line)) spilled.push(line.slice(0, SHOWN));
}

/** The lines since the last call that hold what none may: `test/no-secret-in-logs.setup.ts` asks after every test. */
export function takeSpilledLines(): string[] {
  const taken = spilled;
  spilled = [];
  return taken;
}
