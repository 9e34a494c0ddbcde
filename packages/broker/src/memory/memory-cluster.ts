import { randomBytes } from 'node:crypto';
import { TidingsError } from '@tidings/protocol';
import { type Clock, systemClock } from '@tidings/runtime';
import type { Cluster, ClusterHandler, StateEntry } from '../cluster-port.ts';

/** What processes that are parts of one process share. */
export interface MemoryBus {
  readonly members: Map<string, Member>;
  readonly entries: Map<string, Entry>;
  revision: number;
}

interface Member {
  readonly answers: ReadonlyMap<string, ClusterHandler>;
  readonly hears: ReadonlyMap<string, readonly ClusterHandler[]>;
  notice(entry: StateEntry): void;
}

interface Entry {
  readonly value: string;
  readonly endsMs: number;
}

export interface MemoryClusterOptions {
  /** Where the other members are; alone when left out. */
  readonly bus?: MemoryBus;
  readonly clock?: Clock;
  /** Told what a handler throws. */
  readonly onFault?: (error: unknown) => void;
}

const SWEEP_MS = 60_000;

export function createMemoryBus(): MemoryBus {
  return { members: new Map(), entries: new Map(), revision: 0 };
}

/**
 * The cluster of one process, or of several parts of one that share a bus: nothing to dial, and nothing outlives it.
 * Everything that is said goes through JSON, as it would over a network.
 */
export function createMemoryCluster(options: MemoryClusterOptions = {}): Cluster {
  const { bus = createMemoryBus(), clock = systemClock, onFault = () => {} } = options;
  const id = [...randomBytes(8)].map((byte) => (byte % 36).toString(36)).join('');
  const answers = new Map<string, ClusterHandler>();
  const hears = new Map<string, ClusterHandler[]>();
  const followers: { prefix: string; onEntry: (entry: StateEntry) => void }[] = [];
  let state: 'idle' | 'open' | 'closed' = 'idle';
  let sweptMs = clock.now();

  function assertOpen(): void {
    if (state !== 'open') throw new TidingsError('unavailable', 'This process is closing.', { retryAfterSec: 1 });
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

  function notice(entry: StateEntry): void {
    for (const { prefix, onEntry } of followers) if (entry.key.startsWith(`${prefix}.`)) onEntry(entry);
  }

  async function askMember(handler: ClusterHandler, body: unknown): Promise<unknown> {
    try {
      return copyOf(await handler(copyOf(body), id));
    } catch (error) {
      onFault(error);
      throw new TidingsError('unavailable', 'A node could not answer.', { retryAfterSec: 1 }, error);
    }
  }

  return {
    id,
    get inTouch() {
      return state === 'open';
    },
    async open() {
      state = 'open';
      bus.members.set(id, { answers, hears, notice });
      for (const [key, entry] of bus.entries) if (isCurrent(entry)) notice({ key, value: entry.value });
    },
    answer: (name, handler) => void answers.set(name, handler),
    hear(name, handler) {
      hears.set(name, [...(hears.get(name) ?? []), handler]);
    },
    async ask(node, name, body) {
      assertOpen();
      const handler = bus.members.get(node)?.answers.get(name);
      return handler === undefined ? undefined : askMember(handler, body);
    },
    async askAll(name, body) {
      assertOpen();
      const handlers = [...bus.members.values()].flatMap((member) => member.answers.get(name) ?? []);
      return Promise.all(handlers.map((handler) => askMember(handler, body)));
    },
    tell(name, body) {
      if (state !== 'open') return;
      for (const member of bus.members.values()) {
        for (const handler of member.hears.get(name) ?? []) {
          try {
            handler(copyOf(body), id);
          } catch (error) {
            onFault(error);
          }
        }
      }
    },
    state: {
      async put(key, value, ttlSec) {
        assertOpen();
        removeEnded();
        bus.revision += 1;
        bus.entries.set(key, { value, endsMs: clock.now() + ttlSec * 1000 });
        for (const member of bus.members.values()) member.notice({ key, value });
        return bus.revision;
      },
      async take(key) {
        assertOpen();
        const entry = bus.entries.get(key);
        bus.entries.delete(key);
        return isCurrent(entry) ? entry.value : undefined;
      },
      follow: (prefix, onEntry) => void followers.push({ prefix, onEntry }),
      reach: async () => assertOpen(),
    },
    async close() {
      state = 'closed';
      bus.members.delete(id);
    },
  };
}

// Nobody may come to share an object with another, which no network would let happen either.
function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
