import { createHash } from 'node:crypto';
import { type Fact, type FactBatch, isToldOf, isToldOfTopic, type WebhooksPlan } from '@tidings/webhooks';
import { type HookEvent, toHookId } from './hook-event.ts';

/** An open session, as the ledger has it. */
interface OpenSession {
  readonly tenant: string;
  readonly user?: string | undefined;
  readonly topics: readonly string[];
  readonly sinceMs: number;
}

/** What the ledger says, by key; `undefined` for what it has not. */
export type Records = ReadonlyMap<string, string | undefined>;

/** What follows from a batch: what is told, and what the ledger is to say from then on. */
export interface Folded {
  readonly events: readonly HookEvent[];
  /**
   * One after the other, sessions last: as long as a session stands as it did, whoever comes after one that ended in
   * between works out again what hangs on it.
   */
  readonly steps: readonly (readonly Write[])[];
}

/** A key and what it is to hold; `undefined`: it is no more. */
export type Write = readonly [key: string, value: string | undefined];

const sessionKey = (node: string, session: string): string => `s.${node}.${session}`;
/** That an edge has, or had, sessions. */
export const nodeKey = (node: string): string => `n.${node}`;

const presenceKey = (tenant: string, topic: string, user: string): string =>
  `p.${createHash('sha256')
    .update(JSON.stringify([tenant, topic, user]))
    .digest('base64url')}`;

/** The keys of the edge and the sessions of a batch, which are read first. */
export function sessionKeysOf({ node, facts }: FactBatch): string[] {
  return [...new Set([nodeKey(node), ...facts.map(({ session }) => sessionKey(node, session))])];
}

/**
 * The keys of those who may come or go by a batch, once its sessions are known; and perhaps of others, for a session that
 * opens more than once in it may be of several users.
 */
export function presenceKeysOf({ node, facts }: FactBatch, records: Records, plan: WebhooksPlan): string[] {
  const keys = new Set<string>();
  for (const session of new Set(facts.map((fact) => fact.session))) {
    const open = parseSession(records.get(sessionKey(node, session)));
    const own = facts.filter((fact) => fact.session === session);
    const owners = [open, ...own.filter((fact) => fact.kind === 'opened')];
    const topics = new Set([...(open?.topics ?? []), ...own.flatMap((fact) => ('topics' in fact ? fact.topics : []))]);
    for (const owner of owners) {
      if (owner?.user === undefined) continue;
      for (const topic of topics) {
        if (isPresenceTold(plan, owner.tenant, topic)) keys.add(presenceKey(owner.tenant, topic, owner.user));
      }
    }
  }
  return [...keys];
}

/**
 * Works out a batch. It gives the same for the same batch and ledger, and nothing for what the ledger knows already: so a
 * batch may be worked out again and again.
 */
export function foldFacts(batch: FactBatch, records: Records, plan: WebhooksPlan): Folded {
  const events: HookEvent[] = [];
  const writes = new Map<string, string | undefined>();
  const { node } = batch;
  const read = (key: string): string | undefined => (writes.has(key) ? writes.get(key) : records.get(key));

  function tell(place: number, fact: Fact, type: HookEvent['type'], tenant: string, data: HookEvent['data']): void {
    const id = toHookId(batch.id, place, type, String(data.topic ?? ''));
    events.push({ id, type, tenant, timeMs: fact.timeMs, data });
  }

  function move(place: number, fact: Fact, session: OpenSession, topic: string, isThere: boolean): void {
    const { tenant, user } = session;
    if (user === undefined || !isPresenceTold(plan, tenant, topic)) return;
    const key = presenceKey(tenant, topic, user);
    const before = new Set<string>(JSON.parse(read(key) ?? '[]'));
    const after = new Set(before);
    if (isThere) after.add(fact.session);
    else after.delete(fact.session);
    writes.set(key, after.size > 0 ? JSON.stringify([...after]) : undefined);
    if (before.size === 0 && after.size > 0) tell(place, fact, 'presence.entered', tenant, { topic, user });
    if (before.size > 0 && after.size === 0) tell(place, fact, 'presence.left', tenant, { topic, user });
  }

  for (const [place, fact] of batch.facts.entries()) {
    const key = sessionKey(node, fact.session);
    const open = parseSession(read(key));
    const about = { session: fact.session, edge: node };
    if (fact.kind === 'opened') {
      // Edges say so again after they were cut off.
      if (open !== undefined) continue;
      const { tenant, user, topics, timeMs: sinceMs } = fact;
      const session: OpenSession = { tenant, ...(user !== undefined && { user }), topics, sinceMs };
      writes.set(key, JSON.stringify(session));
      writes.set(nodeKey(node), '1');
      tell(place, fact, 'session.opened', tenant, { ...about, ...(user !== undefined && { user }), topics });
      for (const topic of new Set(topics)) move(place, fact, session, topic, true);
    } else if (open !== undefined && fact.kind === 'changed') {
      writes.set(key, JSON.stringify({ ...open, topics: fact.topics }));
      for (const topic of new Set(fact.topics)) if (!open.topics.includes(topic)) move(place, fact, open, topic, true);
      for (const topic of new Set(open.topics)) if (!fact.topics.includes(topic)) move(place, fact, open, topic, false);
    } else if (open !== undefined && fact.kind === 'closed') {
      const { tenant, user, topics, sinceMs } = open;
      writes.set(key, undefined);
      const opened = new Date(sinceMs).toISOString();
      const who = user !== undefined && { user };
      tell(place, fact, 'session.closed', tenant, { ...about, ...who, topics, opened, reason: fact.reason });
      for (const topic of new Set(topics)) move(place, fact, open, topic, false);
    }
  }
  const isSession = ([key]: Write): boolean => key.startsWith('s.');
  return { events, steps: [[...writes].filter((write) => !isSession(write)), [...writes].filter(isSession)] };
}

const isPresenceTold = ({ endpoints }: WebhooksPlan, tenant: string, topic: string): boolean =>
  endpoints.some(
    (endpoint) =>
      (isToldOf(endpoint, 'presence.entered', tenant) || isToldOf(endpoint, 'presence.left', tenant)) &&
      isToldOfTopic(endpoint, topic),
  );

const parseSession = (text: string | undefined): OpenSession | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as OpenSession);
