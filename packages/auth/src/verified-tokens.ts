import type { Clock } from '@tidings/runtime';
import { LRUCache } from 'lru-cache';
import type { Grant } from './grant.ts';
import type { KeySource } from './key-source.ts';

/** A token that was found valid, as `verify` says it. */
export interface ValidToken {
  readonly ok: true;
  readonly grant: Grant;
}

/** Valid tokens of late, so that one that comes again need not be verified again. */
export interface VerifiedTokens {
  /**
   * What was remembered of this very text, unless anything has changed that could make another answer of it: its time,
   * the keys, the clock. Then it is forgotten, and the whole verification decides.
   */
  find(token: string): ValidToken | undefined;
  /** @param edition of the source before its keys were asked for; without one nothing is remembered. */
  remember(token: string, valid: ValidToken, source: KeySource, edition: number | undefined): void;
}

/** How long a verification stands. It bounds what no other check below would notice. */
export const VERIFICATION_AGE_MS = 60_000;
/** What all entries together may take: some 7,000 tokens of 300 characters. */
const MAX_BYTES = 16 * 1_048_576;
// An entry's worst case: claims that list hundreds of patterns of two characters, each a string of its own.
const BYTES_PER_CHARACTER = 6;
const OVERHEAD_BYTES = 500;

interface Entry {
  readonly valid: ValidToken;
  readonly source: KeySource;
  readonly edition: number;
  readonly verifiedMs: number;
}

/**
 * Keeps what was used last, up to a size. Only valid tokens get in: whoever has none can neither fill it nor push others
 * out of it.
 */
export function createVerifiedTokens(clock: Clock, maxBytes: number = MAX_BYTES): VerifiedTokens {
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: (_entry, token) => token.length * BYTES_PER_CHARACTER + OVERHEAD_BYTES,
  });

  function isInForce({ valid, source, edition, verifiedMs }: Entry): boolean {
    const nowMs = clock.now();
    // A token that was valid then is neither too young (`nbf`) nor too long-lived later; of a clock that was set back
    // nothing can be said.
    const isYoung = nowMs >= verifiedMs && nowMs - verifiedMs < VERIFICATION_AGE_MS;
    // Without the skew that is forgiven: in those seconds the whole verification says so.
    return isYoung && nowMs / 1000 < valid.grant.expiresAtSec && source.edition === edition;
  }

  return {
    find(token) {
      const entry = entries.get(token);
      if (entry === undefined) return undefined;
      if (isInForce(entry)) return entry.valid;
      entries.delete(token);
      return undefined;
    },
    remember(token, valid, source, edition) {
      const text = copyOf(token);
      // Text that is not latin1 comes out as another, which nobody has verified.
      if (edition === undefined || text !== token) return;
      entries.set(text, { valid, source, edition, verifiedMs: clock.now() });
    },
  };
}

// A part of a header or of a URL keeps all of it in memory, which the size above would not count.
function copyOf(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}
