import { MAX_REPLAY_COUNT } from '@tidings/protocol';
import { UsageError } from '../command-error.ts';
import { parseDuration } from '../duration.ts';

// RFC 3339 section 5.6.
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * What `--since` says, as the `replay` of contract section 4: `all`, `last`, a count, or a time; a duration is the time that
 * long ago.
 * @throws UsageError for anything else.
 */
export function parseSince(text: string, nowMs: number): string | number {
  if (text === 'all' || text === 'last') return text;
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    if (count >= 1 && count <= MAX_REPLAY_COUNT) return count;
    throw new UsageError(`--since as a count is from 1 to ${MAX_REPLAY_COUNT}.`);
  }
  const agoMs = parseDuration(text);
  if (agoMs !== undefined && agoMs <= nowMs) return new Date(nowMs - agoMs).toISOString();
  if (TIME.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new UsageError(
    '--since is all, last, a count, a duration such as 10m, or a time such as 2026-11-21T08:00:00Z.',
  );
}
