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
}

export function createTurns(): Turns {
  const lasts = new Map<string, Promise<void>>();
  return {
    take(key) {
      const come = lasts.get(key) ?? Promise.resolve();
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const last = Promise.all([come, ended]).then(() => {
        if (lasts.get(key) === last) lasts.delete(key);
      });
      lasts.set(key, last);
      return { come, end };
    },
  };
}
