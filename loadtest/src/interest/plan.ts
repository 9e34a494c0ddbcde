/** Sizes of a run. */
export interface InterestPlan {
  readonly edges: EdgesPlan;
  readonly busy: BusyPlan;
  readonly subscriptions: { readonly counts: readonly number[]; readonly guarded: number };
  readonly attach: AttachPlan;
  readonly outage: OutagePlan;
}

/** What edges are given to do. */
export interface EdgesPlan {
  /** With how many edges users are shared out. */
  readonly edges: readonly number[];
  /** How much of all topics one edge follows. */
  readonly shares: readonly number[];
  readonly topics: number;
  readonly topicsPerStream: number;
  readonly eventsPerSec: number;
  /** Events in one request. */
  readonly batch: number;
  readonly seconds: number;
  /** At which latencies are looked at apart, one event in a request. */
  readonly calmEventsPerSec: number;
  readonly calmSeconds: number;
  /** Before anything is measured, at the full rate: a process that has just started is slower than it will be. */
  readonly warmSeconds: number;
  /** Without events: what streams and beats cost is not told as what events cost. */
  readonly restSeconds: number;
}

/** One edge, and events as fast as one server takes them. */
export interface BusyPlan {
  readonly shares: readonly number[];
  readonly topics: number;
  readonly topicsPerStream: number;
  readonly events: number;
  readonly warmEvents: number;
  /** Published and not acknowledged yet, at the most. */
  readonly underWay: number;
  readonly restSeconds: number;
}

export interface AttachPlan {
  readonly joinsPerSec: number;
  readonly joins: number;
  readonly eventsPerSec: number;
  /** Streams that are opened before, at half the pace, and not looked at. */
  readonly warmJoins: number;
  /** Of which the quietest is told: whatever else the machine does makes streams late, and never early. */
  readonly rounds: number;
  /** Topics that the events go to; a resume is for one of them. */
  readonly topics: number;
}

export interface OutagePlan {
  readonly streams: number;
  readonly streamsPerConnection: number;
  readonly eventsPerSec: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

export const PAYLOAD_BYTES = 200;

export function wholePlan(): InterestPlan {
  return {
    edges: {
      edges: [1, 2, 3, 4],
      shares: [0.5, 0.25, 0.1, 0.01],
      // A multiple of every number of edges and of what a stream may follow.
      topics: 4_800,
      topicsPerStream: 100,
      // What four edges, three servers and the rest carry on two cores.
      eventsPerSec: 2_000,
      batch: 10,
      seconds: 10,
      calmEventsPerSec: 200,
      calmSeconds: 4,
      warmSeconds: 3,
      restSeconds: 4,
    },
    busy: {
      shares: [1, 0.5, 0.25, 0.1, 0.01],
      topics: 4_000,
      topicsPerStream: 100,
      events: 80_000,
      warmEvents: 30_000,
      underWay: 3_000,
      restSeconds: 3,
    },
    subscriptions: { counts: [10_000, 50_000, 200_000], guarded: 50_000 },
    attach: { joinsPerSec: 200, joins: 1_000, warmJoins: 300, eventsPerSec: 1_000, topics: 2_000, rounds: 3 },
    outage: { streams: 50_000, streamsPerConnection: 100, eventsPerSec: 500, beforeMs: 4_000, afterMs: 12_000 },
  };
}

/** So much as shows within a minute or two whether all of it works. */
export function quickPlan(): InterestPlan {
  const { edges, busy, attach, outage } = wholePlan();
  return {
    edges: {
      ...edges,
      edges: [1, 2],
      shares: [0.1],
      eventsPerSec: 1_000,
      seconds: 2,
      calmSeconds: 1,
      warmSeconds: 1,
      restSeconds: 1,
    },
    busy: { ...busy, shares: [0.25], events: 5_000, warmEvents: 2_000, restSeconds: 1 },
    subscriptions: { counts: [10_000], guarded: 10_000 },
    attach: { ...attach, joins: 300, warmJoins: 100, rounds: 1 },
    outage: { ...outage, streams: 2_000, beforeMs: 1_000, afterMs: 4_000 },
  };
}
