/** What the dispatcher asks one edge: whether it is there. Every edge that reports says yes. */
export const WEBHOOK_EDGE = 'webhook-edge';
/** What the dispatcher asks the edges: which of these events did a stream of the user take? */
export const REACH = 'webhook-reach';

/** An event on `user.<id>`, as the log has it. */
export interface PersonalEvent {
  readonly tenant: string;
  readonly topic: string;
  readonly seq: number;
  readonly timeMs: number;
  /** The session that was not to have it; empty for none. */
  readonly exclude: string;
}

export interface ReachQuestion {
  readonly events: readonly PersonalEvent[];
}

export interface ReachAnswer {
  /** Of the log that this edge is fed from. */
  readonly epoch: string;
  /** Places in the question. */
  readonly reached: readonly number[];
}
