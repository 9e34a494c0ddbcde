import type { Authenticator, TopicClasses } from '@tidings/auth';
import type { Broker, Cluster } from '@tidings/broker';
import {
  type Audit,
  createReadStates,
  type HubTopicDemand,
  type RevocationList,
  type TenantTallies,
  type TicketStore,
} from '@tidings/control';
import {
  type Clock,
  createCallerLimits,
  type Logger,
  type Metrics,
  NO_TRACER,
  type OwnCell,
  type ServiceApp,
  type Settings,
  systemClock,
  type Tracer,
} from '@tidings/runtime';
import { createAdmission } from './admission.ts';
import { createChangeTurns } from './change-turns.ts';
import { createDeliverySpans } from './delivery-spans.ts';
import { createDrain } from './drain.ts';
import { addExplain } from './explain-route.ts';
import { openFeed } from './feed.ts';
import { createFlushQueue } from './flush-queue.ts';
import { addReads } from './history-route.ts';
import { createHubTopicFollowers } from './hub-topic-followers.ts';
import { createHubTopicItems } from './hub-topic-items.ts';
import { untilFed } from './in-touch.ts';
import { createInboxNotices } from './inbox-notices.ts';
import { addInbox } from './inbox-route.ts';
import { createJournal } from './journal.ts';
import { answerForJournal } from './journal-nodes.ts';
import { createMetricsSnapshots, measureStreams } from './metrics-snapshots.ts';
import { READ_FAILURES } from './openapi-answers.ts';
import { addPresence } from './presence-route.ts';
import { createReadBudget } from './read-budget.ts';
import { addRevocations } from './revocation-route.ts';
import { createRouter } from './router.ts';
import type { Session } from './session.ts';
import { answerForSessions } from './session-answers.ts';
import { createSessionIds } from './session-id.ts';
import { createSessionRegistry } from './session-registry.ts';
import { addSessions } from './session-route.ts';
import { softRetryMs } from './soft-answer.ts';
import { createStateWrites } from './state-writes.ts';
import type { EdgeParts } from './stream-opener.ts';
import { addStream } from './stream-route.ts';
import { addTickets } from './ticket-route.ts';
import { createTimerWheel } from './timer-wheel.ts';
import { createWebhookFacts, type WebhookFactsParts } from './webhook-facts.ts';

export interface EdgeOptions {
  readonly broker: Broker;
  /** Not open yet: what it is asked is said here. */
  readonly cluster: Cluster;
  readonly revocations: RevocationList;
  readonly tickets: TicketStore;
  readonly audit: Audit;
  readonly tallies: TenantTallies;
  readonly demand: HubTopicDemand;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  /** Whom this edge serves; `undefined`: everybody. */
  readonly cell?: OwnCell | undefined;
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
    | 'maxConnectionsPerTenant'
    | 'maxConnectionsPerAddress'
    | 'rateConnect'
    | 'rateConnectPerTenant'
    | 'rateConnectPerAddress'
    | 'drainMs'
    | 'maxTokenAgeSec'
    | 'historyMaxAgeSec'
    | 'journalMaxBytes'
    | 'journalMaxAgeSec'
  >;
  /** How long a cursor ahead of the feed is waited for; 0 for a broker whose feed can't be behind. */
  readonly aheadWaitMs?: number;
  /** There is no other edge that clients could go to when this one ends. */
  readonly alone?: boolean;
  /** How webhooks are told of sessions; without it there are none. */
  readonly webhooks?: Pick<WebhookFactsParts, 'plan' | 'reporter'> | undefined;
  readonly clock?: Clock;
  /** Without one nothing is traced. */
  readonly tracer?: Tracer;
}

/** The way out of a process. */
export interface Edge {
  /** Adds the edge's requests to an application. */
  addTo(app: ServiceApp): void;
  readonly openStreams: number;
  /** Breaks the connection of a stream without a word, as a network does; answers whether there was such a session. */
  cut(session: string): boolean;
  /** Refuses new streams, and sends the open ones away over the configured time; resolves when all were told. */
  drain(): Promise<void>;
  /** After this nothing is left behind: no timer, no session. */
  close(): void;
}

/** Opens the feed of an open broker and puts the parts of an edge together. */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const { broker, cluster, revocations, tickets, audit, tallies, demand, authenticator, classes } = options;
  const { metrics, log, settings, aheadWaitMs = 0, alone = false, clock = systemClock } = options;
  const { tracer = NO_TRACER, cell } = options;
  const followers = createHubTopicFollowers({ demand, clock, onSecond: () => sendSnapshots() });
  const router = followers.watch(createRouter<Session>());
  const send = createHubTopicItems({ cluster, router, followers, clock });
  const sendSnapshots = createMetricsSnapshots({ cluster, followers, send, clock });
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
    streamsPerTenant: settings.maxConnectionsPerTenant,
    streamsPerAddress: settings.maxConnectionsPerAddress,
  });
  const connects = createCallerLimits({
    user: settings.rateConnect,
    tenant: settings.rateConnectPerTenant,
    address: settings.rateConnectPerAddress,
  });
  const feed = await openFeed({
    broker,
    router,
    flushes,
    ringMaxBytes: settings.ringMaxBytes,
    metrics,
    tallies,
    clock,
    spans: tracer.isOn ? createDeliverySpans({ tracer, flushes, metrics, log, clock }) : undefined,
    onRestart(oldEpoch, reason) {
      log.warn({ oldEpoch, reason, streams: registry.size }, 'the feed began anew: every stream is told');
      for (const session of registry.list()) session.restart(oldEpoch, reason);
    },
  }).catch((error) => {
    wheel.stop();
    throw error;
  });
  const lagMaxMs = settings.lagMaxAgeSec * 1000;
  const { lagMaxBytes, journalMaxBytes: maxBytes } = settings;
  const maxAgeMs = settings.journalMaxAgeSec * 1000;
  const journal = maxBytes > 0 ? createJournal({ node: cluster.id, feed, clock, maxBytes, maxAgeMs }) : undefined;
  const edge: EdgeParts = {
    broker,
    cluster,
    revocations,
    createSessionId: createSessionIds(cluster.id),
    feed,
    router,
    registry,
    admission,
    connects,
    drain,
    flushes,
    wheel,
    reads: createReadBudget(settings.catchUpMaxBytes),
    clock,
    log,
    metrics,
    tallies,
    audit,
    lagMaxBytes,
    lagMaxMs,
    aheadWaitMs,
    webhooks: options.webhooks && createWebhookFacts({ ...options.webhooks, cluster, registry, feed, clock }),
    journal,
  };
  revocations.onChange(() => {
    const revoked = registry.list().filter(({ tokens }) => tokens.some(revocations.isRevoked));
    for (const session of revoked) session.close('revoked');
  });
  cluster.onReturn(() => untilFed(broker, clock));
  const writes = createStateWrites();
  const tell = createInboxNotices(cluster, router);
  const states = createReadStates(cluster.records);
  answerForSessions({ edge, classes, turns: createChangeTurns() });
  const stopNotices = answerForJournal({ cluster, journal, clock, maxAgeMs });
  tallies.measureStreams((tenants) => measureStreams({ registry, drain }, tenants));
  const callers = { cluster, authenticator, classes, cell, audit, clock };
  metrics.connectionsLimit.set(settings.maxConnections);
  metrics.inTouch.from(() => (cluster.inTouch ? 1 : 0));

  return {
    addTo(app) {
      addStream(app, { edge, authenticator, classes, cell }, READ_FAILURES);
      addReads(app, { broker, cluster, feed, clock, aheadWaitMs, authenticator, classes, cell }, READ_FAILURES);
      addSessions(app, callers, READ_FAILURES);
      addPresence(app, callers, READ_FAILURES);
      addRevocations(
        app,
        { revocations, writes, authenticator, cell, audit, clock, maxTokenAgeSec: settings.maxTokenAgeSec },
        READ_FAILURES,
      );
      const { historyMaxAgeSec } = settings;
      const inbox = { broker, cluster, feed, reads: edge.reads, clock, aheadWaitMs, historyMaxAgeSec };
      addInbox(app, { ...inbox, states, tell, writes, authenticator, cell }, READ_FAILURES);
      addExplain(app, { broker, cluster, feed, clock, aheadWaitMs, authenticator, classes, cell }, READ_FAILURES);
      addTickets(app, { tickets, writes, authenticator, cell, audit, clock }, READ_FAILURES);
    },
    get openStreams() {
      return registry.size;
    },
    cut(session) {
      const found = registry.find(session);
      found?.outbox.cut();
      return found !== undefined;
    },
    drain: drain.begin,
    close() {
      drain.stop();
      for (const session of registry.list()) session.close('draining', softRetryMs());
      stopNotices();
      wheel.stop();
    },
  };
}
