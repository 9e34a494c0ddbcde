import { randomUUID } from 'node:crypto';
import { parseCursor } from '@tidings/protocol';
import type { StreamClient } from '@tidings/runtime/testing';
import type { TestEdge } from './fixture.ts';

/** The payloads of the published events so far. */
export const payloads = (client: StreamClient): string[] => client.published().map(({ data }) => data);

/** Resolves with the payloads once the one that is `last` is among them. */
export async function payloadsUntil(client: StreamClient, last: string): Promise<string[]> {
  // From the end: looking through thousands of payloads at every piece would be quadratic.
  await client.until(() => client.events.findLast(({ event }) => !event.startsWith('hub.'))?.data === last);
  return payloads(client);
}

/** Publishes a marker that no one else publishes, and resolves with the payloads before it. */
export async function payloadsBeforeMarker(edge: TestEdge, client: StreamClient, topic: string): Promise<string[]> {
  const marker = `marker ${randomUUID()}`;
  await edge.publish(topic, marker);
  return (await payloadsUntil(client, marker)).slice(0, -1);
}

/** The parsed data of the first event of this name. */
export async function controlOf(client: StreamClient, name: string): Promise<Record<string, unknown>> {
  return JSON.parse((await client.event(name)).data);
}

/** Names of the events so far, in order. */
export const names = (client: StreamClient): string[] => client.events.map(({ event }) => event);

/** The place that a cursor names. */
export function placeOf(cursor: string): number {
  const parsed = parseCursor(cursor);
  if (parsed === undefined) throw new Error(`not a cursor: ${JSON.stringify(cursor)}`);
  return parsed.seq;
}
