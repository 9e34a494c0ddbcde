import { clientAddressOf, type ServiceContext, traceIdOfRequest } from '@tidings/runtime';

/** What is recorded of what callers do; `refused` is a 401, 403 or 429. */
export type AuditedDeed =
  | 'published'
  | 'subscribed'
  | 'changed'
  | 'refused'
  | 'erased'
  | 'unscheduled'
  | 'revoked'
  | 'kicked'
  | 'ticket-issued';

/** A deed, as whoever answers the request knows it. */
export interface AuditedAct {
  readonly did: AuditedDeed;
  /** The topics and patterns that it is about. */
  readonly topics?: readonly string[] | undefined;
  /** The session that it is about. */
  readonly session?: string | undefined;
  /** Events that were stored, or sent where they are not stored: one for each topic that an event goes to. */
  readonly events?: number | undefined;
  /** Of a publish of several: how many were refused. */
  readonly refused?: number | undefined;
  /** The problem code of a refusal. */
  readonly code?: string | undefined;
  /** Whose tokens were revoked, or which. */
  readonly revoked?: { readonly user?: string; readonly tokenId?: string } | undefined;
}

/**
 * A record: the members of an audit line in the log, and the data of `$hub.audit`. Members that are not known, or mean
 * nothing for the deed, are not there. Never a payload, a token, a ticket or a query.
 */
export interface AuditRecord {
  /** What was done; `dropped` stands for records that were too many to be told. */
  readonly audit: AuditedDeed | 'dropped';
  /** RFC 3339; of a line in the log its own `time`. */
  readonly time?: string;
  /** The trace id in the other lines of the same request. */
  readonly traceId?: string;
  /** The process that answered the request. */
  readonly node: string;
  /** Whose tenant: not known where no token was valid. */
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  /** The `jti` of the token. */
  readonly tokenId?: string | undefined;
  /** Where the client is, behind the proxies that are trusted. */
  readonly address?: string | undefined;
  /** Method and path of what was refused, at most 200 characters. */
  readonly request?: string | undefined;
  readonly session?: string | undefined;
  /** At most `MOST_NAMED_TOPICS`, each once. */
  readonly topics?: readonly string[] | undefined;
  /** How many there are of them in all. */
  readonly topicCount?: number | undefined;
  readonly events?: number | undefined;
  readonly refused?: number | undefined;
  readonly code?: string | undefined;
  readonly revoked?: { readonly user?: string; readonly tokenId?: string } | undefined;
  /** How many records of the tenant and node were dropped. */
  readonly records?: number;
}

/** How many topics a record names. */
export const MOST_NAMED_TOPICS = 20;

const MAX_REQUEST_CHARACTERS = 200;

/** The record of a request, without its time. */
export function toAuditRecord(context: ServiceContext, act: AuditedAct, node: string): AuditRecord {
  const { user, tenant, tokenId } = context.get('caller') ?? {};
  const { did, session, events, refused, code, revoked } = act;
  const { topics, topicCount } = namesOf(act.topics);
  return {
    audit: did,
    traceId: traceIdOfRequest(context),
    node,
    tenant,
    user,
    tokenId,
    address: clientAddressOf(context) || undefined,
    request: did === 'refused' ? requestOf(context) : undefined,
    session,
    topics,
    topicCount,
    events,
    refused,
    code,
    revoked,
  };
}

// A query may hold a token.
function requestOf(context: ServiceContext): string {
  const { method, url = '' } = context.env.incoming;
  return `${method} ${url.split('?', 1)[0]}`.slice(0, MAX_REQUEST_CHARACTERS);
}

function namesOf(topics: readonly string[] | undefined): Pick<AuditRecord, 'topics' | 'topicCount'> {
  if (topics === undefined) return {};
  if (topics.length === 1) return { topics, topicCount: 1 };
  const distinct = new Set(topics);
  return { topics: [...distinct].slice(0, MOST_NAMED_TOPICS), topicCount: distinct.size };
}
