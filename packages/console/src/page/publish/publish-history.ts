import type { HubAnswer, HubClient } from '../hub-client.ts';
import type { EventForm } from './event-form.ts';

/** An event that was sent, and what became of it. */
export interface Sent {
  readonly number: number;
  readonly form: EventForm;
  readonly atMs: number;
  readonly answer: HubAnswer;
}

const MOST_KEPT = 20;

// Of one login: nobody who logs in after it sees what was sent before. Gone with the tab's page, and stored nowhere.
const histories = new WeakMap<HubClient, readonly Sent[]>();

/** What was sent in this tab, newest first. */
export const readHistory = (hub: HubClient): readonly Sent[] => histories.get(hub) ?? [];

export function addToHistory(hub: HubClient, sent: Omit<Sent, 'number'>): void {
  const before = readHistory(hub);
  histories.set(hub, [{ number: (before[0]?.number ?? 0) + 1, ...sent }, ...before].slice(0, MOST_KEPT));
}

/** What became of one event on one topic. */
interface Result {
  readonly topic?: string;
  readonly id?: string;
  readonly duplicate?: boolean;
  readonly problem?: { readonly code: string; readonly detail?: string };
}

/** What became of an event, a sentence for each topic. */
export function describeResults({ ok, status, body }: HubAnswer): readonly string[] {
  const { results } = (body ?? {}) as { results?: readonly Result[] };
  if (results === undefined) return ok ? [describeResult(body as Result, status)] : [];
  return results.map((result) => describeResult(result, status));
}

function describeResult({ topic, id, duplicate, problem }: Result, status: number): string {
  const place = topic ?? 'no topic';
  if (problem !== undefined) return `${place}: refused, ${problem.detail ?? problem.code} (${problem.code})`;
  if (duplicate === true) return `${place}: stored before as ${id ?? 'an event without an id'}, a duplicate`;
  return id === undefined ? `${place}: sent, and not stored (${status})` : `${place}: stored as ${id} (${status})`;
}
