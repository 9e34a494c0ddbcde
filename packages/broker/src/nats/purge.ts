import { toMatcher } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { Selection } from '../port.ts';

/**
 * What a purge says in the log itself: everyone who follows the feed meets it in its place, however late, and forgets
 * what lies before it.
 */
export function encodePurge({ tenant, patterns }: Selection, id: string): { headers: MsgHdrs; data: Buffer } {
  const headers = createHeaders();
  headers.set('Nats-Msg-Id', id);
  return { headers, data: Buffer.from(JSON.stringify({ tenant, patterns })) };
}

/** `undefined` for what is not one of ours. */
export function parsePurge(data: Uint8Array): Selection | undefined {
  try {
    const { tenant, patterns } = JSON.parse(Buffer.from(data).toString()) as Partial<Selection>;
    if (typeof tenant !== 'string' || !Array.isArray(patterns)) return undefined;
    return patterns.every((pattern) => typeof pattern === 'string') ? { tenant, patterns } : undefined;
  } catch {
    return undefined;
  }
}

/** What was erased lately: a replica that has not heard of it yet may still offer it. */
export interface Erasures {
  add(selection: Selection, through: number): void;
  /** Whether an event of this place was erased. */
  covers(tenant: string, topic: string, seq: number): boolean;
  /** After this place the log holds other events than those that were erased. */
  endAt(place: number): void;
}

// Far longer than a replica that answers at all may be behind.
const REMEMBERED_MS = 600_000;

export function createErasures(clock: Clock): Erasures {
  let recent: { tenant: string; matches: (topic: string) => boolean; through: number; atMs: number }[] = [];
  return {
    add({ tenant, patterns }, through) {
      const atMs = clock.elapsed();
      recent = recent.filter((erasure) => atMs - erasure.atMs < REMEMBERED_MS);
      recent.push({ tenant, matches: toMatcher(patterns), through, atMs });
    },
    covers: (tenant, topic, seq) =>
      recent.some((erasure) => seq <= erasure.through && tenant === erasure.tenant && erasure.matches(topic)),
    endAt(place) {
      recent = recent.map((erasure) => ({ ...erasure, through: Math.min(erasure.through, place) }));
    },
  };
}
