import { isPattern, isWildcard, toSubject, toSubjectToken, toTopic } from '@tidings/protocol';
import type { Selection } from '../port.ts';
import { remembered } from './remembered.ts';

/** The one stream, and the subjects that it stores and republishes (ENGINE: one shard, which the subjects name). */
export const STREAM = 'EVT_0';
/** What the stream stores: `evt.0.<tenant>.<topic…>`. */
const STORED = 'evt.0.';
/** What the server republishes of it, for the feed: `live.0.<tenant>.<topic…>`. */
const LIVE = 'live.0.';
/** What is never stored: `eph.0.<tenant>.<topic…>`. */
const UNSTORED = 'eph.0.';

export const ALL_STORED: string = `${STORED}>`;
export const ALL_LIVE: string = `${LIVE}>`;
export const ALL_UNSTORED: string = `${UNSTORED}>`;
/** Where a purge is written into the log itself. `$` never stands in an encoded token, so it is nobody's tenant. */
export const PURGES: string = `${STORED}$.purge`;
/** Where it stands that a key was used up, which is nobody's topic either (ADR 0033). */
const ONCE = `${STORED}$.once.`;
/** Where it is told which subjects stand at which places (ADR 0029). */
export const INDEX = 'idx.0';
/** Heartbeats of those who follow the feed: `ctl.edge.<instance>`. */
export const FOLLOWERS = 'ctl.edge.';

export const storedSubject = (tenant: string, pattern: string): string =>
  `${STORED}${toSubjectToken(tenant)}.${toSubject(pattern)}`;

export const unstoredSubject = (tenant: string, topic: string): string =>
  `${UNSTORED}${toSubjectToken(tenant)}.${toSubject(topic)}`;

export const onceSubject = (key: string): string => ONCE + key;

/** The subject under which the stream stores what it republished as `subject`. */
export const toStoredSubject = (subject: string): string =>
  subject.startsWith(LIVE) ? STORED + subject.slice(LIVE.length) : subject;

/** A stored subject as the index names it: without what all have in common. */
export const toIndexed = (storedSubject: string): string => storedSubject.slice(STORED.length);

/** The stored subject that the index names so. */
export const fromIndexed = (indexed: string): string => STORED + indexed;

/** The filters of a selection as `toIndexed` cuts them, each once. */
export function indexedFiltersOf({ tenant, patterns }: Selection): string[] {
  const token = toSubjectToken(tenant);
  return [...new Set(patterns.map((pattern) => `${token}.${toSubject(pattern)}`))];
}

/** What is sent for a filter of the index: what is republished, and what is never stored. */
export const LIVE_PREFIXES: readonly [stored: string, unstored: string] = [LIVE, UNSTORED];

/** The filters of a selection, one for each pattern. */
export function filtersOf({ tenant, patterns }: Selection): string[] {
  return [...new Set(patterns.map((pattern) => storedSubject(tenant, pattern)))];
}

/** Whom and what a subject is about. */
export interface Address {
  readonly tenant: string;
  readonly topic: string;
}

const MOST_REMEMBERED = 10_000;

/**
 * Reads the addresses of subjects, stored, republished or unstored, and remembers recent ones: topics repeat, and
 * decoding costs more than the look-up. Answers `undefined` for the log's own subjects and for what nobody encoded.
 */
export function createAddressBook(): (subject: string) => Address | undefined {
  return remembered(parseAddress, MOST_REMEMBERED);
}

function parseAddress(subject: string): Address | undefined {
  const [, , token = '', ...rest] = subject.split('.');
  if (token === '' || rest.length === 0) return undefined;
  try {
    const tenant = decodeURIComponent(token);
    const topic = toTopic(rest.join('.'));
    // Somebody who may publish wrote it past ingest: no filter of ours would find it again, so it is no event of ours.
    const isOurs = toSubjectToken(tenant) === token && isPattern(topic) && !isWildcard(topic);
    return isOurs ? { tenant, topic } : undefined;
  } catch {
    return undefined;
  }
}
