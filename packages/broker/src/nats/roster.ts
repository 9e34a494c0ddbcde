import type { Clock } from '@tidings/runtime';
import type { ClusterRole } from '../cluster-port.ts';
import { ANYBODY, type ControlWire } from './control-wire.ts';
import { away } from './jetstream-api.ts';
import { type Moment, momentOf } from './moment.ts';

/** A process that is counted on. */
export interface Node {
  readonly id: string;
  readonly role: ClusterRole;
  readonly names: ReadonlySet<string>;
}

/** Who is there: everybody says so every second, and is gone after ten of silence. */
export interface Roster {
  /** When this process last said something that came back to it. */
  readonly heardSelf: Moment | undefined;
  /**
   * Says that this process is there and asks who else is; resolves once the others had time to say so. Nobody who was
   * counted on is forgotten: who could not be heard is waited for again. @throws TidingsError `unavailable`.
   */
  gather(): Promise<void>;
  /** Resolves when the gathering that is under way has ended, if there is one; throws as `gather`. */
  gathered(): Promise<void>;
  find(id: string): Node | undefined;
  answering(name: string): Node[];
  /** Runs when a process leaves in good order. */
  onLeave(run: (id: string) => void): void;
  /** Says that nobody need wait for this process any more. */
  leave(): void;
}

export interface RosterParts {
  readonly wire: ControlWire;
  readonly id: string;
  readonly role: ClusterRole;
  /** What this process answers. */
  readonly names: readonly string[];
  readonly clock: Clock;
}

const BEAT_MS = 1_000;
const GONE_MS = 10_000;
// Who lives answers a greeting within milliseconds; each is sent twice, for interest takes its time from server to server.
const SETTLE_MS = 125;
const ECHO_MS = 2_000;
// Longer than any deployment's, and no room for one who makes them up.
const MOST_NODES = 10_000;

export function createRoster({ wire, id, role, names, clock }: RosterParts): Roster {
  const nodes = new Map<string, Node & { heardMs: number }>();
  const said = new Map<number, Moment>();
  const whenLeft: ((id: string) => void)[] = [];
  const echoes = new Set<() => void>();
  let count = 0;
  let heardSelf: Moment | undefined;
  let gathering: Promise<void> = Promise.resolve();
  let failed = false;

  function say(more: { hello?: true; leaving?: true } = {}): number {
    count += 1;
    said.set(count, momentOf(clock));
    said.delete(count - 20);
    wire.send('beat', id, { from: id, count, names, ...more });
    return count;
  }

  // What is said while nobody hears is not worth an error.
  function trySay(more?: { leaving?: true }): void {
    try {
      say(more);
    } catch {}
  }

  function note(from: string, fromRole: ClusterRole, theirs: readonly string[]): void {
    const known = find(from);
    // Somebody else with a name that is taken: the one who had it first is the one who is meant.
    if (known !== undefined && known.role !== fromRole) return;
    if (known === undefined && nodes.size >= MOST_NODES) return;
    nodes.set(from, { id: from, role: fromRole, names: new Set(theirs), heardMs: clock.elapsed() });
  }

  function find(wanted: string): Node | undefined {
    const node = nodes.get(wanted);
    if (node === undefined || clock.elapsed() - node.heardMs <= GONE_MS) return node;
    nodes.delete(wanted);
    return undefined;
  }

  wire.listen('beat', ANYBODY, ({ from, count: at, names: theirs, hello, leaving }, fromRole) => {
    if (typeof at !== 'number' || !Array.isArray(theirs)) return;
    if (leaving === true) {
      if (nodes.get(from)?.role !== fromRole) return;
      nodes.delete(from);
      for (const run of whenLeft) run(from);
      return;
    }
    note(from, fromRole, theirs);
    if (from === id && fromRole === role) {
      heardSelf = said.get(at) ?? heardSelf;
      for (const run of [...echoes]) run();
    } else if (hello === true) trySay();
  });

  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  // What was said before comes back before: when it does, the server has this process's subscriptions, too.
  async function sayAndHear(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const since = momentOf(clock);
      const done = (): void => {
        if (heardSelf === undefined || heardSelf.elapsedMs < since.elapsedMs) return;
        timer.cancel();
        echoes.delete(done);
        resolve();
      };
      const timer = clock.after(ECHO_MS, () => {
        echoes.delete(done);
        reject(away('the server does not pass on what is said'));
      });
      echoes.add(done);
      try {
        say({ hello: true });
      } catch (error) {
        timer.cancel();
        echoes.delete(done);
        reject(error);
      }
    });
  }

  async function meet(): Promise<void> {
    for (const node of nodes.values()) node.heardMs = clock.elapsed();
    await sayAndHear();
    await pause(SETTLE_MS);
    await sayAndHear();
    await pause(SETTLE_MS);
  }

  function gather(): Promise<void> {
    failed = false;
    gathering = meet();
    // Whoever waits for it is told as well.
    gathering.catch(() => {
      failed = true;
    });
    return gathering;
  }

  const beat = clock.every(BEAT_MS, () => trySay());

  return {
    get heardSelf() {
      return heardSelf;
    },
    gather,
    // Asking fewer than there are is worse than asking late.
    gathered: () => (failed ? gather() : gathering),
    find,
    answering: (name) => [...nodes.keys()].flatMap((each) => find(each) ?? []).filter((node) => node.names.has(name)),
    onLeave: (run) => void whenLeft.push(run),
    leave() {
      beat.cancel();
      trySay({ leaving: true });
    },
  };
}
