/**
 * One event as the broker holds and feeds it. Every field is always there, in this order, so that all messages share one
 * hidden class on the hot path.
 */
export interface Message {
  /** Place in the log, from 1; 0 for a live-only event (`store: false`), which has no place. */
  readonly seq: number;
  readonly tenant: string;
  readonly topic: string;
  /** Event name; empty for an unnamed event. */
  readonly event: string;
  /** Payload as UTF-8, as delivered. Shared and never changed. */
  readonly data: Uint8Array;
  /** Whether the publisher sent a JSON value, so that the envelope embeds it and does not quote it. */
  readonly json: boolean;
  /** The last event of a finite topic (contract section 6). */
  readonly final: boolean;
  /** Id of the session that must not get it; empty for none. */
  readonly exclude: string;
  /** When the broker took it, in milliseconds since 1970. */
  readonly timeMs: number;
  /** When it leaves history by its ttl, in milliseconds since 1970; `Infinity` without one. */
  readonly expiresAtMs: number;
}
