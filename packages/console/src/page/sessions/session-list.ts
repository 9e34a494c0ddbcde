import type { Problem, SessionView } from '@tidings/protocol/client';
import { describeFailure, type HubAnswer } from '../hub-client.ts';

/** What is searched for; empty: everything. */
export interface SessionFilter {
  readonly user: string;
  readonly topic: string;
}

/** The answer of `GET /v1/sessions` (contract section 8). */
export interface SessionPage {
  readonly sessions: readonly SessionView[];
  /** The `after` of the next page, where there is one. */
  readonly next?: string;
}

/** What the hub says against a search, and of which field. */
export interface SearchFault {
  /** `undefined`: of none in particular. */
  readonly field: keyof SessionFilter | undefined;
  readonly text: string;
}

const PAGE_ROWS = 100;
const SHOWN_TOPICS = 3;

/** The path of a page of sessions. @param after empty for the first page. */
export function toListPath({ user, topic }: SessionFilter, after: string): string {
  const query = new URLSearchParams({ limit: `${PAGE_ROWS}` });
  if (user !== '') query.set('user', user);
  if (topic !== '') query.set('topic', topic);
  if (after !== '') query.set('after', after);
  return `/v1/sessions?${query}`;
}

export const toSessionPath = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}`;

export function toSearchFault(answer: HubAnswer): SearchFault {
  const { parameter } = (answer.body ?? {}) as Partial<Problem>;
  const field = parameter === 'user' || parameter === 'topic' ? parameter : undefined;
  return { field, text: describeFailure(answer) };
}

/** The first few topics, and how many more there are. */
export function abridgeTopics(topics: readonly string[]): { readonly shown: readonly string[]; readonly more: number } {
  // One that is left out takes as much room as the words that say so.
  const count = topics.length === SHOWN_TOPICS + 1 ? topics.length : SHOWN_TOPICS;
  return { shown: topics.slice(0, count), more: Math.max(0, topics.length - count) };
}

/** An id without its secret part, which is long; unique all the same. */
export const shortIdOf = (id: string): string => id.split('-', 2).join('-');
