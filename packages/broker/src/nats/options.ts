import type { Clock, Logger, Metrics } from '@tidings/runtime';
import type { ScheduleRoom } from '../schedule-room.ts';

/** What a process is to the servers: it decides the inbox prefix, and with it which permissions it can live with. */
export type NatsRole = 'ingest' | 'edge' | 'hub' | 'webhooks' | 'operator';

/** How to reach and enter a NATS cluster. */
export interface NatsAccess {
  /** `nats://host:port` or `tls://host:port`: one or more servers of one cluster. */
  readonly servers: readonly string[];
  readonly role: NatsRole;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Path of a `.creds` file; in place of user and password. */
  readonly credsFile?: string | undefined;
  /** Path of a PEM file with the authorities to trust. */
  readonly tlsCaFile?: string | undefined;
  /** Paths of this client's own certificate and key, for servers that ask for one. */
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
}

/** What the stream is created with where it is missing; a stream that exists is compared, and never changed. */
export interface StreamLimits {
  /** What history may hold, in bytes as the server counts them. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** How long the server remembers an idempotency key; two minutes by the contract, and at most `maxAgeMs`. */
  readonly idempotencyWindowMs?: number;
  /** Copies of every event; unset: 3 in a cluster, 1 on a single server. */
  readonly replicas?: number | undefined;
}

export interface NatsBrokerOptions extends NatsAccess, StreamLimits {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** `false` switches off the repair of what the live feed misses: only to show that a test sees the losses. */
  readonly repair?: boolean;
  /** What of the log comes here: `all` of it (default), or only what is followed, by `interest` (ADR 0029). */
  readonly feed?: 'all' | 'interest';
  /** How many scheduled events may wait; the contract's numbers unless said. */
  readonly scheduleRoom?: ScheduleRoom;
  /** Whether the feed tells the spans that events were published by; otherwise nobody looks for them. */
  readonly traces?: boolean;
}
