import type { Authenticator, TopicClasses } from '@tidings/auth';
import type { Broker } from '@tidings/broker';
import { type Clock, type Logger, type Metrics, type ServiceApp, type Settings, systemClock } from '@tidings/runtime';
import { createAdmission } from './admission.ts';
import { createDrain } from './drain.ts';
import { openFeed } from './feed.ts';
import { createFlushQueue } from './flush-queue.ts';
import { addReads } from './history-route.ts';
import { READ_FAILURES } from './openapi-answers.ts';
import { createReadBudget } from './read-budget.ts';
import { createRouter } from './router.ts';
import { createSessionRegistry } from './session-registry.ts';
import { softRetryMs } from './soft-answer.ts';
import { addStream } from './stream-route.ts';
import { createTimerWheel } from './timer-wheel.ts';

export interface EdgeOptions {
  readonly broker: Broker;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly settings: Pick<
    Settings,
    | 'heartbeatMs'
    | 'maxStreamAgeSec'
    | 'ringMaxBytes'
    | 'lagMaxBytes'
    | 'lagMaxAgeSec'
    | 'catchUpMaxBytes'
    | 'maxConnections'
    | 'maxConnectionsPerUser'
    | 'maxConnectionsPerAddress'
    | 'drainMs'
  >;
  /** How long a cursor ahead of the feed is waited for; 0 for a broker whose feed can't be behind. */
  readonly aheadWaitMs?: number;
  /** There is no other edge that clients could go to when this one ends. */
  readonly alone?: boolean;
  readonly clock?: Clock;
}

/** The way out of a process. */
export interface Edge {
  /** Adds the edge's requests to an application. */
  addTo(app: ServiceApp): void;
  readonly openStreams: number;
  /** Refuses new streams, and sends the open ones away over the configured time; resolves when all were told. */
  drain(): Promise<void>;
  /** After this nothing is left behind: no timer, no session. */
  close(): void;
}

/** Opens the feed of an open broker and puts the parts of an edge together. */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { broker, authenticator, classes, metrics, log, settings, aheadWaitMs = 0, alone = false } = options;
  const { clock = systemClock } = options;
  const router = createRouter();
  const flushes = createFlushQueue();
  const wheel = createTimerWheel(clock);
  const registry = createSessionRegistry({
    wheel,
    clock,
    heartbeatMs: settings.heartbeatMs,
    maxStreamAgeMs: settings.maxStreamAgeSec * 1000,
    metrics,
  });
  const drain = createDrain({ registry, clock, spreadMs: settings.drainMs, alone });
  const admission = createAdmission({
    streams: settings.maxConnections,
    streamsPerUser: settings.maxConnectionsPerUser,
    streamsPerAddress: settings.maxConnectionsPerAddress,
  });
  const feed = await openFeed({
    broker,
    router,
    flushes,
    ringMaxBytes: settings.ringMaxBytes,
    metrics,
    clock,
    onRestart(oldEpoch, reason) {
      log.warn({ oldEpoch, reason, streams: registry.size }, 'the feed began anew: every stream is told');
      for (const session of registry.list()) session.restart(oldEpoch, reason);
    },
  }).catch((error) => {
    wheel.stop();
    throw error;
  });
  const lagMaxMs = settings.lagMaxAgeSec * 1000;
  const { lagMaxBytes } = settings;
  const edge = {
    broker,
    feed,
    router,
    registry,
    admission,
    drain,
    flushes,
    wheel,
    reads: createReadBudget(settings.catchUpMaxBytes),
    clock,
    log,
    metrics,
    lagMaxBytes,
    lagMaxMs,
    aheadWaitMs,
  };

  return {
    addTo(app) {
      addStream(app, { edge, authenticator, classes }, READ_FAILURES);
      addReads(app, { broker, feed, clock, aheadWaitMs, authenticator, classes }, READ_FAILURES);
    },
    get openStreams() {
      return registry.size;
    },
    drain: drain.begin,
    close() {
      drain.stop();
      for (const session of registry.list()) session.close('draining', softRetryMs());
      wheel.stop();
    },
  };
}
