import { createLogger, createMetrics } from '@tidings/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DirectMessage, DirectQuery, DirectReply } from '../../src/nats/direct-get.ts';
import { FeedOrder } from '../../src/nats/feed-order.ts';
import { createFeedRepair, type RepairCause } from '../../src/nats/feed-repair.ts';
import type { JetStreamApi, StoredMessage } from '../../src/nats/jetstream-api.ts';
import { directMessage, turn, wholeReply } from './fakes.ts';

// Waits pass at once, and move the time by as much: what is held here is how long they are, and how many.
const time = vi.hoisted(() => ({ nowMs: 0, waits: [] as number[] }));
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => {
    time.waits.push(ms);
    time.nowMs += ms;
    return new Promise((resolve) => setImmediate(resolve));
  },
}));

beforeEach(() => {
  time.nowMs = 0;
  time.waits.length = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => time.nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Next = StoredMessage | undefined;
const stored = (seq: number): StoredMessage => ({ seq, subject: 'evt.0.t.a' });
const nothingNew = wholeReply([]);
/** An answer that did not come, or not to its end. */
const torn = (...seqs: number[]): DirectReply => wholeReply(seqs, { status: 0, whole: false });

/**
 * A repair of a feed at `head`. Direct reads are answered by `answer` and the leader by `leader`, called with the place
 * that was asked for and with how often they were asked before.
 */
function createCase(
  head: number,
  answer: (seq: number, before: number) => DirectReply | Promise<DirectReply>,
  leader: (seq: number, before: number) => Next | Promise<Next> = () => {
    throw new Error('the leader was not to be asked');
  },
) {
  const fed: number[] = [];
  const causes: RepairCause[] = [];
  const queries: DirectQuery[] = [];
  const asked: number[] = [];
  const evicted: number[] = [];
  /** What the leader says of its log; `undefined` while it does not answer. */
  const leads: { state: { first_seq: number; last_seq: number } | undefined; asked: number; forgotten: number } = {
    state: { first_seq: 1, last_seq: 1_000 },
    asked: 0,
    forgotten: 0,
  };
  const lines: string[] = [];
  const order = new FeedOrder<{ seq: number; bytes: number }>(({ seq }) => fed.push(seq));
  order.restart(head);
  const metrics = createMetrics();
  const repair = createFeedRepair({
    directGet: async (query) => {
      queries.push(query);
      if (queries.length > 200) throw new Error('it asks without end');
      return answer(query.seq ?? 0, queries.length - 1);
    },
    api: {
      info: async () => {
        leads.asked += 1;
        if (leads.state === undefined) throw new Error('no leader');
        return { state: leads.state };
      },
      next: async (seq: number) => {
        asked.push(seq);
        return leader(seq, asked.length - 1);
      },
    } as unknown as JetStreamApi,
    position: () => order.position,
    target: () => order.target,
    accept(message: DirectMessage, cause) {
      causes.push(cause);
      order.acceptProven({ seq: message.seq, bytes: message.data.length });
    },
    skip: (through) => order.skip(through),
    evicted(through) {
      evicted.push(through);
      order.restart(through);
    },
    forget() {
      leads.forgotten += 1;
      order.forget();
    },
    metrics,
    log: createLogger('test', 'debug', { write: (line) => void lines.push(line) }),
  });
  const early = (seq: number): void => {
    order.accept({ seq, bytes: 1 });
    repair.run('gap');
  };
  /** Resolves when it has come to rest: nothing was asked for some turns. */
  const rest = async (): Promise<void> => {
    for (let quiet = 0, seen = -1; quiet < 5; quiet += 1) {
      if (queries.length + asked.length !== seen) quiet = 0;
      seen = queries.length + asked.length;
      await turn();
    }
  };
  const staleReads = async (): Promise<number> => (await metrics.staleReads.get()).values[0]?.value ?? 0;
  return { order, repair, fed, causes, queries, asked, evicted, leads, lines, early, rest, staleReads };
}

describe('the repair of the feed', () => {
  it('fetches what is missing before an early message, in one request of a bounded batch', async () => {
    const { order, fed, queries, causes, early, rest } = createCase(10, () => wholeReply([11, 12, 13]));
    early(13);
    await rest();
    expect(fed).toEqual([11, 12, 13]);
    expect(order.held).toBe(0);
    expect(queries).toEqual([{ seq: 11, batch: 500, max_bytes: 1_048_576 }]);
    expect(causes).toEqual(['gap', 'gap', 'gap']);
    expect(time.waits).toEqual([]);
  });

  it('asks on while a replica has more, whether or not anything is known to be missing', async () => {
    const { fed, queries, repair, rest } = createCase(0, (seq) =>
      seq < 5 ? wholeReply([seq, seq + 1], { pending: 4 - seq }) : wholeReply([5]),
    );
    repair.run('probe');
    await rest();
    expect(fed).toEqual([1, 2, 3, 4, 5]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 3, 5]);
    expect(time.waits).toEqual([]);
  });

  it('asks once where there is nothing new, and without a wait', async () => {
    const { queries, asked, repair, rest, staleReads } = createCase(5, () => nothingNew);
    repair.run('probe');
    await rest();
    expect([queries.length, asked.length, time.waits.length]).toEqual([1, 0, 0]);
    expect(await staleReads()).toBe(0);
  });

  it('asks again, more and more seldom, while a replica is behind', async () => {
    const { fed, early, rest, asked, staleReads } = createCase(0, (_, before) =>
      before < 4 ? nothingNew : wholeReply([1, 2]),
    );
    early(2);
    await rest();
    expect(fed).toEqual([1, 2]);
    expect(time.waits).toEqual([20, 40, 80, 160]);
    expect(asked).toEqual([]);
    expect(await staleReads()).toBe(4);
  });

  it('starts with short waits again once a replica had something', async () => {
    const answers = [nothingNew, nothingNew, wholeReply([1]), nothingNew, wholeReply([2, 3])];
    const { fed, early, rest } = createCase(0, (_, before) => answers[before] as DirectReply);
    early(3);
    await rest();
    expect(fed).toEqual([1, 2, 3]);
    expect(time.waits).toEqual([20, 40, 20]);
  });

  it('feeds what is proven of a torn reply, and fetches the rest', async () => {
    const { fed, queries, early, rest } = createCase(0, (_, before) =>
      before === 0 ? torn(1, 2) : wholeReply([3, 4]),
    );
    early(4);
    await rest();
    expect(fed).toEqual([1, 2, 3, 4]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 3]);
  });

  it('does not believe that there is nothing new because a reply did not come', async () => {
    const { fed, repair, rest } = createCase(0, (_, before) => (before < 2 ? torn() : wholeReply([1])));
    repair.run('probe');
    await rest();
    expect(fed).toEqual([1]);
  });

  it('does not ask without end where no reply comes and nothing is known to be missing', async () => {
    const { queries, asked, repair, rest } = createCase(0, () => torn());
    repair.run('probe');
    await rest();
    expect(queries).toHaveLength(6);
    expect(asked).toEqual([]);
    expect(time.waits).toEqual([20, 40, 80, 160, 320]);
  });

  it('passes a hole inside a reply where the log begins before it: its messages were deleted', async () => {
    const { order, fed, queries, evicted, leads, early, rest } = createCase(0, () => wholeReply([1, 4, 7]));
    early(7);
    await rest();
    expect(fed).toEqual([1, 4, 7]);
    expect(order.position).toBe(7);
    expect(queries).toHaveLength(1);
    expect(evicted).toEqual([]);
    // The same answer holds for all holes of a reply.
    expect(leads.asked).toBe(1);
  });

  it('says that history was evicted where the log begins behind what was to be fed next, and goes on there', async () => {
    const { fed, evicted, leads, repair, rest } = createCase(3, () => wholeReply([9, 10, 12]));
    leads.state = { first_seq: 9, last_seq: 12 };
    repair.run('probe');
    await rest();
    expect(evicted).toEqual([8]);
    expect(fed).toEqual([9, 10, 12]);
  });

  it.each([
    [4, []],
    [5, [8]],
  ])('takes a log that begins at %i for evicted from the next place on only', async (first, wanted) => {
    const { fed, evicted, leads, repair, rest } = createCase(3, () => wholeReply([9]));
    leads.state = { first_seq: first, last_seq: 9 };
    repair.run('probe');
    await rest();
    expect(evicted).toEqual(wanted);
    expect(fed).toEqual([9]);
  });

  it('takes nothing behind a hole while nobody says why it is there, and asks again', async () => {
    const { fed, leads, queries, early, rest } = createCase(0, (seq, before) => {
      if (before === 3) leads.state = { first_seq: 1, last_seq: 7 };
      return wholeReply(seq === 1 ? [1, 4, 7] : [4, 7]);
    });
    leads.state = undefined;
    early(7);
    await rest();
    expect(fed).toEqual([1, 4, 7]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 2, 2, 2]);
    expect(time.waits).toEqual([20, 40]);
  });

  it('changes nothing any more once it is abandoned while it asks why there is a hole', async () => {
    const { fed, evicted, order, leads, repair, rest } = createCase(0, () => wholeReply([4, 7]));
    Object.defineProperty(leads, 'state', {
      get() {
        repair.abandon();
        return { first_seq: 3, last_seq: 7 };
      },
    });
    repair.run('gap');
    await rest();
    expect([fed, evicted, order.position]).toEqual([[], [], 0]);
  });

  it('asks the leader after six answers without progress, and goes on behind the hole that it proves', async () => {
    const { fed, queries, asked, early, rest } = createCase(
      0,
      (seq) => (seq === 1 ? nothingNew : wholeReply([5, 6])),
      () => stored(5),
    );
    early(6);
    await rest();
    expect(fed).toEqual([5, 6]);
    expect(asked).toEqual([1]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 1, 1, 1, 1, 1, 5]);
  });

  it('passes nothing when the leader has the very next message, and waits for a replica to have it', async () => {
    const { fed, order, early, rest } = createCase(
      0,
      (_, before) => (before < 9 ? nothingNew : wholeReply([1, 2])),
      () => stored(1),
    );
    early(2);
    await rest();
    expect(fed).toEqual([1, 2]);
    expect(order.held).toBe(0);
  });

  it('feeds what it holds behind the hole that the leader proves, and looks once whether there is more', async () => {
    const { fed, queries, early, rest } = createCase(
      0,
      () => nothingNew,
      () => stored(9),
    );
    early(9);
    await rest();
    expect(fed).toEqual([9]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 1, 1, 1, 1, 1, 1, 10]);
  });

  it('believes that the whole tail was deleted when the leader denies it twice in a row', async () => {
    const { order, fed, asked, lines, early, rest } = createCase(
      3,
      () => nothingNew,
      () => undefined,
    );
    // The early one came and was deleted meanwhile, so it is held; those before it are gone too.
    early(8);
    await rest();
    expect(fed).toEqual([8]);
    expect(order.position).toBe(8);
    expect(asked).toEqual([4, 4]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"from":4,"through":7');
  });

  it('counts the denials anew when something came in between', async () => {
    const { fed, asked, early, rest } = createCase(
      0,
      (seq, before) => (seq === 1 && before >= 6 ? wholeReply([1]) : nothingNew),
      () => undefined,
    );
    early(5);
    await rest();
    expect(fed).toEqual([1, 5]);
    expect(asked).toEqual([1, 2, 2]);
  });

  it('counts the denials anew when the leader found something in between', async () => {
    const answers = [undefined, stored(3), undefined, undefined];
    const { fed, order, asked, early, rest } = createCase(
      0,
      () => nothingNew,
      (_, before) => answers[before],
    );
    early(9);
    await rest();
    expect(asked).toEqual([1, 1, 3, 3]);
    expect(fed).toEqual([9]);
    expect(order.position).toBe(9);
  });

  it('counts the denials anew when nobody answered in between', async () => {
    const { asked, order, early, rest } = createCase(
      0,
      () => nothingNew,
      (_, before) => {
        if (before === 1) throw new Error('no leader');
        return undefined;
      },
    );
    early(5);
    await rest();
    expect(asked).toEqual([1, 1, 1, 1]);
    expect(order.position).toBe(5);
  });

  it('takes no word of a leader that has not come so far itself', async () => {
    const { asked, order, leads, fed, early, rest } = createCase(
      0,
      (_, before) => (before < 13 ? nothingNew : wholeReply([1, 2, 3, 4, 5])),
      () => undefined,
    );
    leads.state = { first_seq: 1, last_seq: 3 };
    early(5);
    await rest();
    expect(asked).toEqual([]);
    expect(fed).toEqual([1, 2, 3, 4, 5]);
    expect([order.position, leads.forgotten]).toEqual([5, 0]);
  });

  it('forgets what came early when the leader has no such places, ten times in a row', async () => {
    const { order, leads, fed, lines, queries, early, rest } = createCase(0, () => nothingNew);
    leads.state = { first_seq: 1, last_seq: 3 };
    early(50);
    await rest();
    expect([leads.forgotten, leads.asked, order.held, order.position]).toEqual([1, 10, 0, 0]);
    expect(fed).toEqual([]);
    expect(lines).toHaveLength(1);
    // And it comes to rest.
    const { length } = queries;
    await rest();
    expect(queries).toHaveLength(length);
  });

  it('takes no failure of the leader for a denial', async () => {
    const { fed, asked, order, early, rest } = createCase(
      0,
      (_, before) => (before < 12 ? nothingNew : wholeReply([1, 2])),
      () => {
        throw new Error('no leader');
      },
    );
    early(2);
    await rest();
    expect(fed).toEqual([1, 2]);
    expect(asked.length).toBeGreaterThan(3);
    expect(order.target).toBe(1);
  });

  it('passes only what was missing when the leader was asked, and not what came to be missing meanwhile', async () => {
    const { fed, order, early, rest } = createCase(
      3,
      (seq, before) => (before > 9 && seq > 8 ? wholeReply([9, 10]) : nothingNew),
      (seq, before) => {
        // While the last denial is on its way, 9 is stored and missed, and 10 is stored and comes.
        if (before === 1) early(10);
        return seq <= 8 ? undefined : stored(9);
      },
    );
    early(8);
    await rest();
    expect(fed).toEqual([8, 9, 10]);
    expect(order.position).toBe(10);
  });

  it('lets a message that came while the leader was asked count, and not the answer', async () => {
    const { fed, order, early, rest } = createCase(
      0,
      () => nothingNew,
      () => {
        order.accept({ seq: 1, bytes: 1 });
        order.accept({ seq: 2, bytes: 1 });
        return stored(50);
      },
    );
    early(3);
    await rest();
    expect(fed).toEqual([1, 2, 3]);
    expect(order.position).toBe(3);
  });

  it('changes nothing any more once it is abandoned during a read', async () => {
    let answer: (reply: DirectReply) => void = () => {};
    const held = new Promise<DirectReply>((resolve) => {
      answer = resolve;
    });
    const { fed, order, queries, repair, early, rest } = createCase(0, (_, before) =>
      before === 0 ? held : nothingNew,
    );
    early(3);
    await turn();
    repair.abandon();
    order.restart(100);
    answer(wholeReply([101, 102]));
    await rest();
    expect(fed).toEqual([]);
    expect(order.position).toBe(100);
    expect(queries).toHaveLength(1);
  });

  it('changes nothing any more once it is abandoned while the leader is asked', async () => {
    const { fed, order, queries, repair, early, rest } = createCase(
      0,
      () => nothingNew,
      () => {
        repair.abandon();
        order.restart(0);
        return stored(5);
      },
    );
    early(5);
    await rest();
    expect([fed, order.position]).toEqual([[], 0]);
    expect(queries).toHaveLength(6);
  });

  it('does not run once more for a gap of what was abandoned', async () => {
    const { queries, repair, rest } = createCase(0, (_, before) => {
      if (before === 0) {
        repair.run('gap');
        repair.abandon();
      }
      return nothingNew;
    });
    repair.run('probe');
    await rest();
    expect(queries).toHaveLength(1);
  });

  it('runs anew after it was abandoned, as soon as the read that is under way has ended', async () => {
    let answer: (reply: DirectReply) => void = () => {};
    const held = new Promise<DirectReply>((resolve) => {
      answer = resolve;
    });
    const { fed, order, queries, repair, early, rest } = createCase(0, (_, before) =>
      before === 0 ? held : wholeReply([101, 102]),
    );
    early(3);
    repair.run('gap');
    await turn();
    repair.abandon();
    order.restart(100);
    repair.run('gap');
    answer(wholeReply([1, 2, 3]));
    await rest();
    expect(fed).toEqual([101, 102]);
    expect(queries.map(({ seq }) => seq)).toEqual([1, 101]);
  });

  it('looks once more for a gap that showed while it ran, and one time only', async () => {
    const { queries, repair, rest } = createCase(0, (_, before) => {
      if (before === 0) for (let times = 0; times < 5; times += 1) repair.run('gap');
      return nothingNew;
    });
    repair.run('probe');
    await rest();
    expect(queries).toHaveLength(2);
  });

  it('does not look once more for a probe: the one that runs finds the same', async () => {
    const { queries, repair, rest } = createCase(0, (_, before) => {
      if (before === 0) repair.run('probe');
      return nothingNew;
    });
    repair.run('gap');
    await rest();
    expect(queries).toHaveLength(1);
    repair.run('probe');
    await rest();
    expect(queries).toHaveLength(2);
  });

  it('never asks more often than twice a second where nothing ever answers', async () => {
    let stop = (): void => {};
    const { queries, repair, early, rest } = createCase(
      0,
      () => {
        if (time.nowMs > 60_000) stop();
        return torn();
      },
      () => {
        throw new Error('no leader');
      },
    );
    stop = () => repair.abandon();
    early(5);
    await rest();
    expect(queries.length).toBeLessThan(130);
    expect(Math.max(...time.waits)).toBe(500);
  });

  it.each([404, 408, 413, 503])('asks on after a status %i while something is known to be missing', async (status) => {
    const { fed, early, rest } = createCase(0, (_, before) =>
      before === 0 ? wholeReply([], { status, pending: 1 }) : wholeReply([1, 2]),
    );
    early(2);
    await rest();
    expect(fed).toEqual([1, 2]);
    expect(time.waits).toEqual([20]);
  });

  it('hands a message with its place as it came', async () => {
    const message = directMessage(1, 7);
    const { fed, repair, rest } = createCase(0, () => wholeReply([], { messages: [message], status: 204 }));
    repair.run('gap');
    await rest();
    expect(fed).toEqual([1]);
  });
});
