/** Joins what connections are sent in one turn, each a list of frames, into one buffer for each different list. */
export interface FrameJoiner {
  /** The frames as one buffer, which others may be sent too. @param bytes the length of all. */
  join(frames: readonly Buffer[], bytes: number): Buffer;
  /** Forgets what was joined. */
  clear(): void;
}

interface Joined {
  readonly frames: readonly Buffer[];
  readonly buffer: Buffer;
}

// Connections of a topic come one after the other, over either protocol and in either format.
const MOST_REMEMBERED = 4;

/**
 * Most connections that are sent several frames in a turn are sent the same ones: a thousand readers of a topic share one
 * buffer for a burst as they do for an event.
 *
 * Cost: a comparison of the frames by identity; one copy for each different list.
 */
export function createFrameJoiner(): FrameJoiner {
  let remembered: Joined[] = [];
  return {
    join(frames, bytes) {
      for (const joined of remembered) if (isSame(joined.frames, frames)) return joined.buffer;
      const buffer = Buffer.concat(frames, bytes);
      if (remembered.length === MOST_REMEMBERED) remembered.pop();
      remembered.unshift({ frames, buffer });
      return buffer;
    },
    clear() {
      if (remembered.length > 0) remembered = [];
    },
  };
}

// From the end: lists that differ mostly began together, with one connection joining in the middle of a turn.
function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  for (let place = one.length - 1; place >= 0; place -= 1) if (one[place] !== other[place]) return false;
  return true;
}
