import { type Clock, type Logger, type Metrics, systemClock } from '@tidings/runtime';
import type { Cluster, ClusterHandler, ClusterRole, SharedState, StateEntry } from '../cluster-port.ts';
import { assertStateEntry, assertStateKey, assertStatePrefix, toControlText } from '../control-limits.ts';
import { createId } from '../random-id.ts';
import type { Records } from '../record-port.ts';
import { type ControlWire, createControlWire } from './control-wire.ts';
import { createDirectGet } from './direct-get.ts';
import { away, createJetStreamApi } from './jetstream-api.ts';
import { dial, type Link } from './link.ts';
import { ageMs, type Moment } from './moment.ts';
import type { NatsAccess } from './options.ts';
import { createQuestions, type Questions } from './questions.ts';
import { RECORD_BUCKET, RECORD_PLAN } from './record-bucket.ts';
import { createRecordStore } from './record-store.ts';
import { createReplyInbox } from './reply-inbox.ts';
import { createRoster, type Roster } from './roster.ts';
import { BUCKET, STATE_PLAN } from './state-bucket.ts';
import { createStateFollower, type StateFollower } from './state-follower.ts';
import { createStateStore } from './state-store.ts';
import { awaitStream, offerStream } from './stream-setup.ts';

export interface NatsClusterOptions extends NatsAccess {
  readonly role: ClusterRole;
  /** Copies of the shared state; unset: 3 in a cluster, 1 on a single server. */
  readonly replicas?: number | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
}

// Two seconds before the others stop waiting: what is on its way meanwhile still counts.
const LEASE_MS = 8_000;
const RETURN_AGAIN_MS = 250;

/**
 * The cluster over NATS: what is asked and told goes over core NATS, and the shared state is a key-value bucket
 * (ADR 0015). `open` waits until a server answers and the bucket exists.
 */
export function createNatsCluster(options: NatsClusterOptions): Cluster {
  if (options.servers.length === 0) throw new TypeError('createNatsCluster({ servers }): name at least one server');
  return new NatsCluster(options);
}

/** What stands once there is a connection. */
interface Standing {
  readonly link: Link;
  readonly wire: ControlWire;
  readonly roster: Roster;
  readonly questions: Questions;
  readonly store: Pick<SharedState, 'put' | 'take'>;
  readonly records: Records;
  readonly follower: StateFollower;
}

class NatsCluster implements Cluster {
  readonly id: string = createId();
  readonly state: SharedState;
  readonly records: Records;
  readonly #options: NatsClusterOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #answers = new Map<string, ClusterHandler>();
  readonly #hears: { name: string; handler: ClusterHandler }[] = [];
  readonly #followers: { prefix: string; onEntry: (entry: StateEntry) => void }[] = [];
  readonly #whenBack: (() => Promise<void>)[] = [];
  #begun = false;
  #link: Link | undefined = undefined;
  #standing: Standing | undefined = undefined;
  #isOpen = false;
  #returning: Promise<void> | undefined = undefined;
  #returns = 0;

  constructor(options: NatsClusterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.state = {
      put: async (key, value, ttlSec) => {
        assertStateEntry(key, value, ttlSec);
        return this.#connected().store.put(key, value, ttlSec);
      },
      take: async (key) => {
        assertStateKey(key);
        return this.#connected().store.take(key);
      },
      follow: (prefix, onEntry) => {
        this.#assertIdle();
        assertStatePrefix(prefix);
        this.#followers.push({ prefix, onEntry });
      },
      reach: async (revision) => this.#connected().follower.reach(revision),
    };
    this.records = {
      get: async (key) => {
        assertStateKey(key);
        return this.#connected().records.get(key);
      },
      replace: async (key, value, ttlSec, revision) => {
        assertStateEntry(key, value, ttlSec);
        return this.#connected().records.replace(key, value, ttlSec, revision);
      },
      remove: async (key) => {
        assertStateKey(key);
        return this.#connected().records.remove(key);
      },
    };
  }

  get inTouch(): boolean {
    if (!this.#isOpen || this.#returning !== undefined) return false;
    // Of the server it is on, and of the leader: one alone may be cut off together with this process.
    return this.#isFresh(this.#standing?.roster.heardSelf) && this.#isFresh(this.#standing?.follower.caughtUp);
  }

  async open(): Promise<void> {
    this.#assertIdle();
    this.#begun = true;
    const { role, log, metrics } = this.#options;
    const { signal } = this.#closing;
    const parts = { access: this.#options, log, metrics, taken: () => new Set<string>(), onChange() {} };
    const link = await dial('control', parts, signal);
    this.#link = link;
    try {
      const api = createJetStreamApi(link.client, BUCKET);
      await awaitStream(api, STATE_PLAN, this.#options, signal);
      // Nothing else waits for it: where it is missing, what needs records fails, and the rest works.
      if (role !== 'edge')
        await offerStream(createJetStreamApi(link.client, RECORD_BUCKET), RECORD_PLAN, this.#options);
      signal.throwIfAborted();
      const standing = this.#stand(link);
      this.#standing = standing;
      await Promise.all([this.#gather(standing.roster), standing.follower.start(signal)]);
      signal.throwIfAborted();
      this.#isOpen = true;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  answer(name: string, handler: ClusterHandler): void {
    this.#assertIdle();
    this.#answers.set(name, handler);
  }

  hear(name: string, handler: ClusterHandler): void {
    this.#assertIdle();
    this.#hears.push({ name, handler });
  }

  async ask(node: string, name: string, body: unknown): Promise<unknown> {
    const text = toControlText('a question', body);
    const answer = await this.#connected().questions.ask(node, name, text);
    // It may have fallen silent only for us.
    if (answer === undefined && this.#standing?.roster.find(node) === undefined) this.#assertInTouch();
    return answer;
  }

  async askAll(name: string, body: unknown): Promise<unknown[]> {
    const text = toControlText('a question', body);
    const { questions } = this.#connected();
    this.#assertInTouch();
    return questions.askAll(name, text);
  }

  tell(name: string, body: unknown): void {
    const text = toControlText('a notice', body);
    try {
      this.#connected().wire.send('tell', name, { from: this.id }, text);
    } catch {
      // It is lost, as the port has it.
    }
  }

  onReturn(run: () => Promise<void>): void {
    this.#assertIdle();
    this.#whenBack.push(run);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const reason = away('this process is closing');
    this.#closing.abort(reason);
    this.#isOpen = false;
    this.#standing?.roster.leave();
    this.#standing?.follower.close();
    this.#standing?.questions.giveUp(reason);
    await this.#link?.close();
  }

  #stand(link: Link): Standing {
    const { role, log } = this.#options;
    const { id } = this;
    const clock = this.#clock;
    const answers = this.#answers;
    const onFault = (error: unknown, name?: string): void =>
      log.error({ err: error, ...(name !== undefined && { name }) }, 'what another process said could not be handled');
    const wire = createControlWire(link, role, onFault);
    const roster = createRoster({ wire, id, role, names: [...answers.keys()], clock });
    const questions = createQuestions({ wire, roster, id, answers, clock, onFault });
    const api = createJetStreamApi(link.client, BUCKET);
    const inbox = createReplyInbox(link.client, `_INBOX_${role}`, onFault);
    const directGet = createDirectGet(link, inbox, BUCKET);
    const follower = createStateFollower({
      link,
      api,
      directGet,
      followers: this.#followers,
      clock,
      log,
      onCaughtUp: (before) => {
        if (before === undefined || this.#isFresh(before)) return;
        this.#returns += 1;
        this.#returning ??= this.#return(roster, follower).finally(() => {
          this.#returning = undefined;
        });
      },
      onFault,
    });
    for (const { name, handler } of this.#hears) {
      const run = async (body: unknown, from: string, fromRole: ClusterRole): Promise<unknown> =>
        handler(body, from, fromRole);
      wire.listen('tell', name, ({ from, body }, fromRole) => {
        void run(body, from, fromRole).catch((error) => onFault(error, name));
      });
    }
    link.onLost(() => questions.giveUp(away('the connection is lost')));
    link.onReconnect(() => void roster.gather().catch(() => {}));
    const store = createStateStore(link.client, api);
    const records = createRecordStore(link.client, createJetStreamApi(link.client, RECORD_BUCKET));
    return { link, wire, roster, questions, store, records, follower };
  }

  // Others may have given this process up, and it them, over a connection that never broke: its server was cut off as well.
  async #return(roster: Roster, follower: StateFollower): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const time = this.#returns;
      try {
        await roster.gather();
        // What was agreed upon before the others had heard it.
        await follower.look();
        await Promise.all(this.#whenBack.map((run) => run()));
        // Else it was cut off again meanwhile.
        if (time === this.#returns) return;
      } catch (error) {
        this.#options.log.debug({ err: error }, 'not in touch with the others again yet');
        await new Promise<void>((resolve) => this.#clock.after(RETURN_AGAIN_MS, resolve));
      }
    }
  }

  #isFresh(moment: Moment | undefined): boolean {
    return moment !== undefined && ageMs(moment, this.#clock) < LEASE_MS;
  }

  #assertInTouch(): void {
    if (!this.inTouch) throw away('this process is not in touch with the others');
  }

  // A connection that breaks meanwhile is dialled again, and then everybody is asked again.
  async #gather(roster: Roster): Promise<void> {
    while (true) {
      try {
        return await roster.gather();
      } catch {
        this.#closing.signal.throwIfAborted();
        await new Promise<void>((resolve) => this.#clock.after(100, resolve));
      }
    }
  }

  #assertIdle(): void {
    if (this.#begun) throw new TypeError('what is answered, heard and followed is said before open()');
  }

  #connected(): Standing {
    const standing = this.#standing;
    if (standing === undefined || !this.#isOpen) throw away('it is not open');
    if (!standing.link.connected) throw away('the connection is lost');
    return standing;
  }
}
