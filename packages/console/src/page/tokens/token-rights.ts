import { covers, isHubTopic, isPattern, isReservedTopic, isTopic, toUserToken } from '@tidings/protocol/client';
import type { TokenClaims } from '../../token-claims.ts';

/** What a token that is taken may do (contract sections 2 and 3). */
export interface TokenRights {
  readonly tenant: string;
  readonly user: string | undefined;
  /** Patterns, those of the user's own topics included. */
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  readonly admin: boolean;
  /** What the hub refuses the whole token for. */
  readonly faults: readonly string[];
}

export function toRights({ sub, tenant, tidings }: TokenClaims): TokenRights {
  const rights: Readonly<Record<string, unknown>> = isObject(tidings) ? tidings : {};
  const subscribe = toPatterns(rights.subscribe);
  const publish = toPatterns(rights.publish);
  const user = typeof sub === 'string' && sub !== '' ? sub : undefined;
  return {
    tenant: typeof tenant === 'string' ? tenant : 'default',
    user,
    subscribe: [...subscribe.patterns, ...personalTopics(user)],
    publish: publish.patterns,
    admin: rights.admin === true,
    faults: [
      ...(tidings === undefined || isObject(tidings) ? [] : ['Its member tidings is no object.']),
      ...subscribe.faults.map((fault) => `tidings.subscribe ${fault}`),
      ...publish.faults.map((fault) => `tidings.publish ${fault}`),
      ...(rights.admin === undefined || typeof rights.admin === 'boolean'
        ? []
        : ['tidings.admin is neither true nor false.']),
    ],
  };
}

/** The same in sentences, for who reads it. */
export function describeRights({ tenant, user, subscribe, publish, admin }: TokenRights): readonly string[] {
  const whose = user === undefined ? 'It is of no user' : `It is of the user ${user}`;
  const read = subscribe.length === 0 ? 'subscribe to nothing' : `subscribe to ${joinWords(subscribe)}`;
  const write = publish.length === 0 ? 'publish nothing' : `publish to ${joinWords(publish)}`;
  return [
    `${whose}, in the tenant ${tenant}.`,
    `It may ${read}.`,
    `It may ${write}.`,
    admin
      ? 'It is an admin’s: it may erase history, list and close sessions, revoke tokens, and follow $hub.audit and $hub.metrics.'
      : 'It is no admin’s.',
  ];
}

/** Whether a topic or pattern may be subscribed to, and published to; `undefined` for what is neither. */
export function judgeTopic(
  { subscribe, publish, admin }: TokenRights,
  topic: string,
): { readonly subscribe: boolean; readonly publish: boolean } | undefined {
  if (!isPattern(topic)) return undefined;
  const isCovered = (patterns: readonly string[]): boolean => patterns.some((pattern) => covers(pattern, topic));
  return {
    // Of the hub's own topics nothing is granted by a pattern, not even by their name.
    subscribe: isReservedTopic(topic) ? admin && isHubTopic(topic) : isCovered(subscribe),
    publish: isTopic(topic) && isCovered(publish),
  };
}

function toPatterns(value: unknown): { readonly patterns: readonly string[]; readonly faults: readonly string[] } {
  if (value === undefined) return { patterns: [], faults: [] };
  if (!Array.isArray(value)) return { patterns: [], faults: ['is no list.'] };
  const isFine = (entry: unknown): entry is string => typeof entry === 'string' && isPattern(entry);
  return {
    patterns: value.filter(isFine),
    faults: value
      .filter((entry) => !isFine(entry))
      .map((entry) => `has no topic or pattern: ${JSON.stringify(entry)}.`),
  };
}

function personalTopics(user: string | undefined): readonly string[] {
  if (user === undefined) return [];
  try {
    const token = toUserToken(user);
    return [`user.${token}`, `user.${token}.>`].filter(isPattern);
  } catch {
    // White space in it: such a user has no topic.
    return [];
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function joinWords(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
