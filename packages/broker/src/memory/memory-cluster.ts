import { TidingsError } from '@tidings/protocol';
import { type Clock, systemClock, type Timer } from '@tidings/runtime';
import type { Cluster, ClusterHandler, ClusterRole, StateEntry } from '../cluster-port.ts';
import { assertStateEntry, assertStateKey, assertStatePrefix, toControlText } from '../control-limits.ts';
import { createId } from '../random-id.ts';
import { createMemoryRecords, createRecordShelf, type RecordShelf } from './memory-records.ts';

/** What processes that are parts of one process share. */
export interface MemoryBus {
  readonly members: Map<string, Member>;
  readonly entries: Map<string, Entry>;
  readonly records: RecordShelf;
  revision: number;
}

interface Member {
  readonly answers: ReadonlyMap<string, ClusterHandler>;
  readonly hears: ReadonlyMap<string, readonly ClusterHandler[]>;
  /** Settles when it leaves. */
  readonly left: Promise<typeof LEFT>;
  notice(entry: StateEntry): void;
  onFault(error: unknown): void;
}

interface Entry {
  readonly value: string;
  readonly endsMs: number;
}

export interface MemoryClusterOptions {
  /** Where the other members are; alone when left out. */
  readonly bus?: MemoryBus;
  /** What the others take this one for. */
  readonly role?: ClusterRole;
  readonly clock?: Clock;
  /** Told what a handler throws. */
  readonly onFault?: (error: unknown) => void;
}

const SWEEP_MS = 60_000;
const ANSWER_MS = 2_000;
const LEFT: unique symbol = Symbol('left');

export function createMemoryBus(): MemoryBus {
  return { members: new Map(), entries: new Map(), records: createRecordShelf(), revision: 0 };
}

/**
 * The cluster of one process, or of several parts of one that share a bus: nothing to dial, and nothing outlives it.
 * Everything that is said goes through JSON, as it would over a network.
 */
export function createMemoryCluster(options: MemoryClusterOptions = {}): Cluster {
  const { bus = createMemoryBus(), role = 'hub', clock = systemClock, onFault = () => {} } = options;
  const id = createId();
  const answers = new Map<string, ClusterHandler>();
  const hears = new Map<string, ClusterHandler[]>();
  const followers: { prefix: string; onEntry: (entry: StateEntry) => void }[] = [];
  let leave = (): void => {};
  const left = new Promise<typeof LEFT>((resolve) => {
    leave = () => resolve(LEFT);
  });
  let state: 'idle' | 'open' | 'closed' = 'idle';
  let sweptMs = clock.now();

  function assertOpen(): void {
    if (state !== 'open') throw new TidingsError('unavailable', 'This process is not open.', { retryAfterSec: 1 });
  }

  function assertIdle(): void {
    if (state !== 'idle') throw new TypeError('what is answered, heard and followed is said before open()');
  }

  function isCurrent(entry: Entry | undefined): entry is Entry {
    return entry !== undefined && clock.now() < entry.endsMs;
  }

  // No timer: what has ended harms nobody until the next one comes.
  function removeEnded(): void {
    if (Math.abs(clock.now() - sweptMs) < SWEEP_MS) return;
    sweptMs = clock.now();
    for (const [key, entry] of bus.entries) if (!isCurrent(entry)) bus.entries.delete(key);
  }

  // Nobody fails for what another does with it.
  function notice(entry: StateEntry): void {
    for (const { prefix, onEntry } of followers) {
      if (!entry.key.startsWith(`${prefix}.`)) continue;
      try {
        onEntry(entry);
      } catch (error) {
        onFault(error);
      }
    }
  }

  async function askMember(member: Member, handler: ClusterHandler, question: string | undefined): Promise<unknown> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = clock.after(ANSWER_MS, () => reject(new Error('a node did not answer in time')));
    });
    const answer = async (): Promise<string | undefined> =>
      toControlText('an answer', await handler(parse(question), id, role));
    try {
      const text = await Promise.race([answer(), late, member.left]);
      return text === LEFT ? LEFT : parse(text);
    } catch (error) {
      member.onFault(error);
      throw new TidingsError('unavailable', 'A node could not answer.', { retryAfterSec: 1 }, error);
    } finally {
      timer?.cancel();
    }
  }

  async function tellMember(member: Member, handler: ClusterHandler, text: string | undefined): Promise<void> {
    try {
      await handler(parse(text), id, role);
    } catch (error) {
      member.onFault(error);
    }
  }

  return {
    id,
    get inTouch() {
      return state === 'open';
    },
    async open() {
      assertIdle();
      state = 'open';
      bus.members.set(id, { answers, hears, left, notice, onFault });
      for (const [key, entry] of bus.entries) if (isCurrent(entry)) notice({ key, value: entry.value });
    },
    answer(name, handler) {
      assertIdle();
      answers.set(name, handler);
    },
    // In one process nobody is ever out of touch.
    onReturn: assertIdle,
    hear(name, handler) {
      assertIdle();
      hears.set(name, [...(hears.get(name) ?? []), handler]);
    },
    async ask(node, name, body) {
      assertOpen();
      const text = toControlText('a question', body);
      const member = bus.members.get(node);
      const handler = member?.answers.get(name);
      if (member === undefined || handler === undefined) return undefined;
      const got = await askMember(member, handler, text);
      return got === LEFT ? undefined : got;
    },
    async askAll(name, body) {
      assertOpen();
      const text = toControlText('a question', body);
      const asked = [...bus.members.values()].flatMap((member) => {
        const handler = member.answers.get(name);
        return handler === undefined ? [] : [askMember(member, handler, text)];
      });
      return (await Promise.all(asked)).filter((got) => got !== LEFT);
    },
    tell(name, body) {
      const text = toControlText('a notice', body);
      if (state !== 'open') return;
      for (const member of bus.members.values()) {
        for (const handler of member.hears.get(name) ?? []) void tellMember(member, handler, text);
      }
    },
    state: {
      async put(key, value, ttlSec) {
        assertStateEntry(key, value, ttlSec);
        assertOpen();
        removeEnded();
        bus.revision += 1;
        const { revision } = bus;
        bus.entries.set(key, { value, endsMs: clock.now() + ttlSec * 1000 });
        for (const member of bus.members.values()) member.notice({ key, value });
        return revision;
      },
      async take(key) {
        assertStateKey(key);
        assertOpen();
        const entry = bus.entries.get(key);
        bus.entries.delete(key);
        return isCurrent(entry) ? entry.value : undefined;
      },
      follow(prefix, onEntry) {
        assertIdle();
        assertStatePrefix(prefix);
        followers.push({ prefix, onEntry });
      },
      reach: async () => assertOpen(),
    },
    records: createMemoryRecords(bus.records, () => clock.now(), assertOpen),
    async close() {
      state = 'closed';
      bus.members.delete(id);
      leave();
    },
  };
}

// Nobody may come to share an object with another, which no network would let happen either.
function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}
