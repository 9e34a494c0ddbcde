import { createFrameJoiner, type FrameJoiner } from './frame-joiner.ts';

/** Something that holds bytes back until the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * Coalesces writes: what a connection gets in one turn of the event loop goes out as one write at its end. A burst of
 * ten events then costs one system call for each connection, not ten.
 */
export interface FlushQueue {
  /** What is flushed in one turn shares its buffers. */
  readonly joiner: FrameJoiner;
  /** Flushes it at the end of this turn. The caller adds itself once. */
  add(flushable: Flushable): void;
  /** Runs once, after the next flush. */
  afterFlush(run: () => void): void;
}

export function createFlushQueue(): FlushQueue {
  let waiting: Flushable[] = [];
  let afterwards: (() => void)[] = [];
  let scheduled = false;
  const joiner = createFrameJoiner();

  function flush(): void {
    const now = waiting;
    const then = afterwards;
    waiting = [];
    afterwards = [];
    scheduled = false;
    for (const each of now) each.flush();
    joiner.clear();
    for (const run of then) run();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  return {
    joiner,
    add(flushable) {
      waiting.push(flushable);
      schedule();
    },
    afterFlush(run) {
      afterwards.push(run);
      schedule();
    },
  };
}
