import type { WorkQueue } from '@tidings/broker';
import type { Clock, Logger } from '@tidings/runtime';
import type { Fact } from './fact.ts';

/** Brings what happened on an edge into the queue, in batches, and keeps nobody waiting. */
export interface FactReporter {
  /** An end is kept however many wait, unless nobody knows of the beginning: who has it as open would have it so for ever. */
  note(fact: Fact): void;
  /** Says how a session stands that goes on; nothing is lost by one that there is no room for. */
  again(fact: Fact): void;
  /** Calls when nothing waits any more after there was no room: then all that go on are to be said again. */
  onCaughtUp(listener: () => void): void;
  /** Resolves when nothing waits; not as long as the queue is away. */
  idle(): Promise<void>;
  /** Puts what is left, for as long as that may take. */
  close(): Promise<void>;
}

export interface FactReporterOptions {
  readonly queue: Pick<WorkQueue, 'put'>;
  /** This edge's name among the others. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of facts that are lost: the queue was away for longer than `most` could be kept. */
  readonly onDropped: (count: number) => void;
  /** Facts that are kept while the queue is away; beside them the ends of sessions whose beginning was kept. */
  readonly most?: number;
}

const BATCH_MS = 100;
const MOST_IN_BATCH = 500;
// Characters, each of which may be three bytes, of the 900,000 that the queue takes.
const MAX_BATCH_CHARACTERS = 250_000;
const AGAIN_MS = 500;
const CLOSE_MS = 3_000;

export function createFactReporter(options: FactReporterOptions): FactReporter {
  const { queue, node, clock, log, onDropped, most = 50_000 } = options;
  let waiting: string[] = [];
  /** Sessions whose beginning was dropped. */
  const untold = new Set<string>();
  let isBehind = false;
  let caughtUp = (): void => {};
  let count = 0;
  let dropped = 0;
  let running: Promise<void> | undefined;
  let isClosing = false;
  let endMs = Number.POSITIVE_INFINITY;

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  function nextBatch(): string[] {
    let characters = 0;
    const end = waiting.findIndex((text, place) => {
      characters += text.length;
      return place === MOST_IN_BATCH || (place > 0 && characters > MAX_BATCH_CHARACTERS);
    });
    const batch = end === -1 ? waiting : waiting.slice(0, end);
    waiting = end === -1 ? [] : waiting.slice(end);
    return batch;
  }

  // The same words under the same id until they are stored: order is all that the reader has.
  async function put(facts: readonly string[]): Promise<void> {
    count += 1;
    const id = `${node}-${count}`;
    const body = `{"id":"${id}","node":"${node}","facts":[${facts.join(',')}]}`;
    for (let tries = 0; ; tries += 1) {
      try {
        return await queue.put('fact', id, body);
      } catch (error) {
        if (tries === 0) log.warn({ err: error }, 'what happened to sessions can not be reported to webhooks');
        if (clock.elapsed() >= endMs) return drop(facts.length);
        await pause(AGAIN_MS);
      }
    }
  }

  function drop(facts: number): void {
    onDropped(facts);
    if (dropped === 0) log.error('what happened to sessions is lost to webhooks: the queue is away for too long');
    dropped += facts;
  }

  async function run(): Promise<void> {
    if (!isClosing) await pause(BATCH_MS);
    while (waiting.length > 0) await put(nextBatch());
    running = undefined;
    if (!isBehind) return;
    isBehind = false;
    caughtUp();
  }

  function keep(fact: Fact): boolean {
    const { kind, session } = fact;
    if (kind === 'closed' && untold.delete(session)) return false;
    if (kind !== 'closed' && waiting.length >= most) {
      isBehind = true;
      return false;
    }
    if (kind === 'opened') untold.delete(session);
    // As it is now: the session lives on.
    waiting.push(JSON.stringify(fact));
    running ??= run();
    return true;
  }

  return {
    note(fact) {
      if (keep(fact)) return;
      if (fact.kind === 'opened') untold.add(fact.session);
      drop(1);
    },
    again: (fact) => void keep(fact),
    onCaughtUp(listener) {
      caughtUp = listener;
    },
    idle: () => running ?? Promise.resolve(),
    async close() {
      isClosing = true;
      endMs = clock.elapsed() + CLOSE_MS;
      await (running ?? Promise.resolve());
    },
  };
}
