import { type BenchPlan, eventsOf, streamsOn } from './plan.ts';

/** What came, of what was to come. */
export interface Counts {
  /** Events that ingest took, each once for every stream on its topic. */
  readonly expected: number;
  /** Without those that came again. */
  readonly delivered: number;
  readonly repeated: number;
  /** Came after a later place of the log. */
  readonly disordered: number;
  /** Expected, and did not come. */
  readonly lost: number;
}

/** Counts the deliveries of a bench; a bit for each. */
export interface Tally {
  /** Event `number` was taken. */
  taken(number: number): void;
  /** Event `number` came on a stream, with a place in the log where it named one. */
  arrived(stream: number, number: number, place: number | undefined): void;
  readonly delivered: number;
  readonly expected: number;
  counts(): Counts;
}

export function createTally(plan: BenchPlan): Tally {
  const { streams, topics } = plan;
  const events = eventsOf(plan);
  const bytes = Math.ceil(events / topics / 8);
  const seen = Array.from({ length: streams }, () => new Uint8Array(bytes));
  const places = new Float64Array(streams).fill(-1);
  const takenEvents = new Uint8Array(events);
  let expected = 0;
  let delivered = 0;
  let repeated = 0;
  let disordered = 0;

  const has = (stream: number, number: number): boolean => {
    const index = Math.floor(number / topics);
    return (((seen[stream]?.[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
  };

  return {
    taken(number) {
      if (takenEvents[number] === 1) return;
      takenEvents[number] = 1;
      expected += streamsOn(plan, number % topics);
    },
    arrived(stream, number, place) {
      // What is on another topic, or was never published, is none of ours.
      if (!(number >= 0 && number < events) || number % topics !== stream % topics) return;
      if (has(stream, number)) {
        repeated += 1;
        return;
      }
      const index = Math.floor(number / topics);
      const bits = seen[stream];
      if (bits !== undefined) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
      delivered += 1;
      if (place === undefined) return;
      if (place < (places[stream] ?? -1)) disordered += 1;
      else places[stream] = place;
    },
    get delivered() {
      return delivered;
    },
    get expected() {
      return expected;
    },
    counts() {
      let lost = 0;
      for (let number = 0; number < events; number += 1) {
        if (takenEvents[number] !== 1) continue;
        for (let stream = number % topics; stream < streams; stream += topics) if (!has(stream, number)) lost += 1;
      }
      return { expected, delivered, repeated, disordered, lost };
    },
  };
}
