import type { Selection } from '@tidings/broker';
import { type CatchUpParts, type Reader, readUpTo } from './catch-up.ts';
import type { Item } from './item.ts';
import { findReplay } from './join.ts';
import type { Outbox } from './outbox.ts';
import type { Cancellation } from './read-deadline.ts';
import type { Session } from './session.ts';
import { parseReplay } from './stream-wish.ts';
import type { AddedTopic } from './topic-change.ts';

/** The past of one topic, on a stream that has a position of its own. */
class Replay implements Reader {
  readonly selection: Selection;
  readonly #session: Session;
  position: number;

  constructor(session: Session, selection: Selection, position: number) {
    this.#session = session;
    this.selection = selection;
    this.position = position;
  }

  get closed(): boolean {
    return this.#session.closed;
  }

  get fedFrom(): number {
    return this.#session.fedFrom;
  }

  get outbox(): Outbox {
    return this.#session.outbox;
  }

  get delivered(): number {
    return this.#session.delivered;
  }

  write(item: Item): void {
    this.#session.writePast(item);
  }

  // Who asks for what is kept misses nothing that is not.
  gap(_from: string, to: number): void {
    this.position = to;
  }
}

/**
 * Writes what is to be replayed of a topic that was added to a paused session, up to the session's own position: what
 * lies after it comes as that of the other topics does.
 * @throws as `catchUp`.
 */
export async function replayAdded(
  session: Session,
  { topic, replay }: AddedTopic,
  parts: CatchUpParts,
  cancellation: Cancellation,
): Promise<void> {
  const { broker, feed, clock } = parts;
  // A session that resumed ahead of this edge's feed: history can be read no further than that.
  const upTo = Math.min(session.position, feed.position);
  const selection = { tenant: session.tenant, patterns: [topic] };
  const wanted = parseReplay(replay, clock.now());
  const { position, newestUpTo } = await findReplay(wanted, selection, upTo, broker, cancellation);
  await readUpTo(new Replay(session, selection, position), upTo, newestUpTo > 0, session, parts, cancellation);
}
