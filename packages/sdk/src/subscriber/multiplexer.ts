import { covers, type Goodbye } from '@tidings/protocol/client';
import type { HubError } from '../hub-error.ts';
import { type Block, type Connection, connect, isForGood, type StreamRequest } from './connection.ts';
import type { Hub } from './hub.ts';
import type { Message, Relayed, Want } from './message.ts';
import { isAfter } from './position.ts';
import type { ConnectionState } from './tidings.ts';
import { isLacking, nextAdded, toTopics } from './topic-plan.ts';

/** One stream for everything that is wanted, on all tabs. */
export interface Multiplexer {
  /** Tells how things are. */
  report(): void;
  /** Something else is wanted than before: changes the stream, opens or closes it. */
  sync(): void;
  /** Somebody has missed what came after this cursor. */
  rewind(cursor: string): void;
  /** Ends the stream, and tells nobody. */
  close(): void;
}

const ANSWER_MS = 15_000;
const PAUSE_MS = 1_000;

/**
 * @param wants everything that is wanted.
 * @param isAlone whether that is wanted by this tab alone.
 * @param tell tells all tabs, this one included.
 * @param fail tells all tabs of a failure, of these topics for good.
 * @param start the stream begins after it; without one, with what is published next.
 */
export function createMultiplexer(
  hub: Hub,
  wants: () => readonly Want[],
  isAlone: () => boolean,
  tell: (message: Message) => void,
  fail: (error: HubError, topics?: readonly string[]) => void,
  start?: string,
): Multiplexer {
  let cursor = start;
  let connection: Connection | undefined;
  let state: ConnectionState = 'idle';
  let session: string | undefined;
  let topics: readonly string[] = [];
  // What the stream replays as it opens, and what the change that is under way replays.
  let opening: readonly Want[] = [];
  let replaying: readonly Want[] = [];
  let blocks: Relayed[] = [];
  let changing: object | undefined;
  let isRenewing = false;
  let onTopics = (): void => {};

  const place = (): string | undefined => (connection ? connection.cursor : cursor);

  // Nothing is told too: whoever follows hears that the stream is alive.
  function flushed(): void {
    const told = blocks;
    blocks = [];
    tell({ blocks: told });
  }

  function report(done: readonly Want[] = [], reason?: Goodbye): void {
    flushed();
    tell({ report: { state, reason, session, topics, cursor: place(), done: done.map(({ key }) => key) } });
  }

  function setState(next: ConnectionState, reason?: Goodbye): void {
    if (state === next) return;
    state = next;
    report([], reason);
  }

  function request(): StreamRequest {
    // What was asked of the stream before has ended with it.
    changing = undefined;
    replaying = [];
    const all = wants();
    const replay = all[0]?.replay;
    // Where all want the same of the past, the stream begins with it. Other tabs may be past that.
    opening = !place() && isAlone() && all.every((want) => want.replay === replay) ? all : [];
    const plain = all.filter((want) => !want.replay);
    topics = toTopics(plain.length > 0 ? plain : all);
    return { topic: topics, replay: opening[0]?.replay };
  }

  function take(block: Block): void {
    const { event, data } = block;
    blocks.push(data && replaying.length > 0 ? markPast(block, data) : block);
    // What the hub says of the stream is for the leader; of the rest each tab makes what it will.
    if (!data || !event?.startsWith('hub.')) return;
    const said = JSON.parse(data);
    session = said.session ?? session;
    if (said.topics) {
      topics = said.topics;
      report(said.session ? opening : replaying);
      // Somebody came for a topic as it went.
      if (!said.session && isLacking(wants(), topics)) connection?.restart();
      onTopics();
    }
    if (event === 'hub.live') setState('open');
    if (event === 'hub.expiring') {
      hub.renew('expiring');
      isRenewing = true;
    }
    sync();
  }

  // The past has the stream's cursor and not its own; or it is of a topic that is not in force until all of it has come.
  function markPast(block: Block, data: string): Relayed {
    const { id, before = '' } = block;
    const { id: own, topic, time } = JSON.parse(data);
    const isLive = !id || (own === id && isAfter(id, before) && topics.some((each) => covers(each, topic)));
    const wanting = isLive ? [] : replaying.filter((want) => covers(want.topic, topic));
    // Should it be cut, it goes on from here.
    for (const want of wanting) want.replay = time;
    return wanting.length > 0 ? { ...block, keys: wanting.map(({ key }) => key) } : block;
  }

  // Answers whether there is something else that is wanted.
  function refuse(error: HubError, asked: readonly Want[]): boolean {
    const topic = error.problem?.topic;
    fail(error, topic ? [topic] : toTopics(asked));
    return wants().length > 0;
  }

  // Changes are made one after the other, so that what is replayed is known to be.
  async function change(add: readonly Want[], remove: readonly string[]): Promise<void> {
    const mine = {};
    changing = mine;
    // All that want this very past get it.
    const isReplayed = ({ topic, replay }: Want): boolean =>
      !!replay && add.some((each) => each.topic === topic && each.replay === replay);
    replaying = wants().filter(isReplayed);
    const told = new Promise<void>((resolve) => {
      onTopics = resolve;
    });
    // Nobody knows what became of a change that is not answered: a new stream does.
    const timer = setTimeout(() => connection?.restart(), ANSWER_MS);
    try {
      const body = { add: add.map(({ topic, replay }) => ({ topic, replay })), remove };
      const response = await hub.send(body, session);
      const { topics: now } = await response.json();
      clearTimeout(timer);
      // It is told on the stream too, behind what is replayed. A renewed token may grant less.
      if (add.length + remove.length > 0 || now.length < topics.length) await told;
    } catch (thrown) {
      clearTimeout(timer);
      const error = thrown as HubError;
      const { status, retryAfterMs = PAUSE_MS } = error;
      if (changing !== mine) return;
      if (!status || status === 404) connection?.restart();
      else if (isForGood(error)) refuse(error, add);
      else await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
    if (changing !== mine) return;
    changing = undefined;
    replaying = [];
    sync();
  }

  function close(): void {
    connection?.close();
    connection = cursor = changing = undefined;
    topics = [];
  }

  function sync(): void {
    const all = wants();
    if (all.length === 0) {
      close();
      setState('idle');
      return;
    }
    connection ??= connect(
      hub,
      {
        request,
        block: take,
        flushed,
        state: setState,
        failed: fail,
        refused: (error) => refuse(error, wants()),
      },
      cursor,
    );
    if (changing || state !== 'open') return;
    const add = nextAdded(all, topics);
    const remove = topics.filter((topic) => !all.some((want) => want.topic === topic));
    if (isRenewing) void change([], []);
    else if (add.length + remove.length > 0) void change(add, remove);
    isRenewing = false;
  }

  return {
    report,
    sync,
    rewind(after) {
      if (!connection) cursor = after;
      else if (isLacking(wants(), topics) || !connection.cursor || isAfter(connection.cursor, after))
        connection.restart(after);
    },
    close,
  };
}
