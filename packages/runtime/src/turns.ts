/** One's place in an order that others stand in too. */
export interface Turn {
  /** Resolves when all who came before have ended theirs. */
  readonly come: Promise<void>;
  /** Lets the next one go on. */
  end(): void;
}

/** Keeps the order in which they came, of each key apart, of those who have other things to wait for first. */
export interface Turns {
  /** The turn after all that were taken; whoever takes one must end it. */
  take(key: string): Turn;
  /** How many are not over: one is when it has ended, and all before it. */
  pending(key: string): number;
}

export function createTurns(): Turns {
  const queues = new Map<string, { last: Promise<void>; length: number }>();
  return {
    take(key) {
      const queue = queues.get(key) ?? { last: Promise.resolve(), length: 0 };
      queues.set(key, queue);
      queue.length += 1;
      const come = queue.last;
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      queue.last = Promise.all([come, ended]).then(() => {
        queue.length -= 1;
        if (queue.length === 0) queues.delete(key);
      });
      return { come, end };
    },
    pending: (key) => queues.get(key)?.length ?? 0,
  };
}
