/** What can be started here for a scenario: one process, or three nats-servers with edges and an ingest. */
export type SiteKind = 'hub' | 'cluster';
export type FaultKind = 'kill-edge' | 'restart-edges';

/** A script of loadtest/k6/scenarios, and what it needs around it. */
export interface LoadScenario {
  readonly title: string;
  readonly site: SiteKind;
  /** What happens to the edges while it is measuring. */
  readonly fault?: FaultKind;
  /** Settings of servers that are started here. */
  readonly env?: Readonly<Record<string, string>>;
}

export const SCENARIOS: Readonly<Record<string, LoadScenario>> = {
  smoke: { title: 'both protocols, many topics, a reconnect: does everything work together?', site: 'cluster' },
  'fan-out': { title: 'each event to many streams, one event after the other', site: 'hub' },
  'own-topics': { title: 'a topic for each stream, events for all of them at a steady rate', site: 'hub' },
  'mixed-day': { title: 'notifications, rooms, a ticker and streamed answers; visitors come and go', site: 'cluster' },
  idle: { title: 'silent streams: their memory, and how fast they open', site: 'hub' },
  'reconnect-storm': {
    title: 'an edge is killed, all its clients resume on another at once',
    site: 'cluster',
    fault: 'kill-edge',
  },
  'rolling-restart': { title: 'every edge is replaced, as in an upgrade', site: 'cluster', fault: 'restart-edges' },
  'slow-readers': { title: 'one stream in ten stops reading large events', site: 'hub' },
  soak: {
    title: 'an ordinary load for long, with broken connections: does anything grow?',
    site: 'cluster',
    // What edges keep of the feed must be full before anything is judged.
    env: { TIDINGS_RING_MAX_BYTES: '2000000' },
  },
};
