import { type Goodbye, isPattern, isTenant, MAX_HEADER_BYTES, MAX_STREAM_TOPICS } from '@tidings/protocol';

/** Why a session ended: a goodbye of the hub, `gone` when the client left, `edge-lost` when its edge is there no more. */
export type EndReason = Goodbye | 'gone' | 'edge-lost';

/** What became of a session, as its edge reports it. Times are in milliseconds since 1970. */
export type Fact =
  | {
      readonly kind: 'opened';
      readonly session: string;
      readonly timeMs: number;
      readonly tenant: string;
      readonly user?: string | undefined;
      readonly topics: readonly string[];
    }
  | { readonly kind: 'changed'; readonly session: string; readonly timeMs: number; readonly topics: readonly string[] }
  | { readonly kind: 'closed'; readonly session: string; readonly timeMs: number; readonly reason: EndReason };

/** Facts of one edge in their order, as they stand in the queue. */
export interface FactBatch {
  /** The same however often it is put or taken. */
  readonly id: string;
  /** The edge whose sessions they are about. */
  readonly node: string;
  readonly facts: readonly Fact[];
}

const NODE = /^[0-9a-z]{8}$/;
// What is told by it has to fit into the queue, whoever made it up.
const REASON = /^[a-z-]{1,64}$/;
const SESSION = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads a batch; `undefined` for what is none: an edge that was taken over may put anything. */
export function parseFactBatch(text: string): FactBatch | undefined {
  try {
    const batch = JSON.parse(text) as FactBatch;
    const isBatch = typeof batch.id === 'string' && NODE.test(batch.node) && batch.facts.every(isFact);
    return isBatch ? batch : undefined;
  } catch {
    return undefined;
  }
}

function isFact(fact: Fact): boolean {
  if (!SESSION.test(fact.session) || !Number.isFinite(new Date(fact.timeMs).getTime())) return false;
  if (fact.kind === 'closed') return REASON.test(fact.reason);
  const isListed = fact.topics.length <= MAX_STREAM_TOPICS && fact.topics.every(isPattern);
  return isListed && (fact.kind === 'changed' || (isTenant(fact.tenant) && isUser(fact.user)));
}

// A token that names one comes in a header.
const isUser = (user: unknown): boolean =>
  user === undefined || (typeof user === 'string' && user.length <= MAX_HEADER_BYTES);
