import { type DestinationStream, symbols } from 'pino';

/** Where the lines of a busy process go: those of one turn of the event loop are written together. */
export interface LogBuffer extends DestinationStream {
  /** Writes what is held back, now. pino calls it after a `fatal` line. */
  flushSync(): void;
  /** The same, under the name that `log.flush` looks for. */
  flush(): void;
}

// The characters that are held back at most, should a turn be long.
const MAX_HELD_CHARACTERS = 65_536;
/** pino's `warn`: from here on a line is not held back, as the turn that it stands in may be the last. */
const URGENT_LEVEL = 40;

/**
 * A line costs a system call, and a service writes one for each request. Lines are held back until the event loop comes
 * round, for less than a timer could promise: an idle service writes each at once. They are written before that when the
 * process exits, with the first line of level `warn` or above, and when they are many. Their order never changes.
 * @param write takes what is to be written synchronously.
 */
export function createLogBuffer({ write }: DestinationStream): LogBuffer {
  let held = '';

  function flush(): void {
    if (held === '') return;
    const lines = held;
    held = '';
    write(lines);
  }

  const buffer = {
    // pino then says the level of each line here before it writes it.
    [symbols.needsMetadataGsym]: true,
    lastLevel: 0,
    write(line: string) {
      if (held === '') setImmediate(flush);
      held += line;
      if (buffer.lastLevel >= URGENT_LEVEL || held.length >= MAX_HELD_CHARACTERS) flush();
    },
    flush,
    flushSync: flush,
  };
  process.once('exit', flush);
  return buffer;
}
