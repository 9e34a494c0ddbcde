import { encodeExpiring } from '@tidings/protocol';
import type { Clock, Metrics, Timer } from '@tidings/runtime';
import { jitter } from './jitter.ts';
import type { Session } from './session.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** Every open session of this edge, and the deadlines of each. */
export interface SessionRegistry {
  readonly size: number;
  /** Takes a session in and arms its heartbeat, its age limit and the end of its token (`Infinity` without one). */
  add(session: Session, expiresAtMs: number): void;
  /** `hub.hello` is written: from now on the session may be told that its token is about to end. */
  greeted(session: Session): void;
  /**
   * Its token was renewed: it may go on until then, and is told again before it ends. Answers whether that is later than
   * it could before; else nothing changes.
   */
  extend(session: Session, expiresAtMs: number): boolean;
  /** When the session ends unless it is extended; `Infinity` where nothing bounds it, and for one that is not open. */
  expiryOf(session: Session): number;
  /** Must be called once for each session that was added. */
  remove(session: Session): void;
  /** The open session of this id. */
  find(id: string): Session | undefined;
  /** The sessions that are open now, oldest first; those that are closed meanwhile stay in the list. */
  list(): readonly Session[];
}

export interface RegistryOptions {
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** 0: no limit. */
  readonly maxStreamAgeMs: number;
  readonly metrics: Metrics;
}

const EXPIRING_MS = 30_000;

/** The deadlines of one session, of which the next alone is armed: an idle stream costs one timer. */
interface Entry {
  readonly session: Session;
  expiresAtMs: number;
  /** By the wheel's clock. */
  readonly oldAtMs: number;
  greeted: boolean;
  warned: boolean;
  timer: Timer | undefined;
}

export function createSessionRegistry(options: RegistryOptions): SessionRegistry {
  const { wheel, clock, heartbeatMs, maxStreamAgeMs, metrics } = options;
  const sessions = new Map<string, Entry>();

  const silentMs = ({ session }: Entry): number => wheel.elapsedMs - session.outbox.lastSentMs;
  const leftMs = ({ expiresAtMs }: Entry): number => expiresAtMs - clock.now();

  function arm(entry: Entry): void {
    const left = leftMs(entry);
    const delayMs = Math.min(
      heartbeatMs - silentMs(entry),
      entry.oldAtMs - wheel.elapsedMs,
      left,
      left > EXPIRING_MS ? left - EXPIRING_MS : left,
    );
    entry.timer = wheel.after(delayMs, () => fall(entry));
  }

  // Nothing is armed anew at each write: what was sent meanwhile puts the beat off when it falls due.
  function fall(entry: Entry): void {
    const { session } = entry;
    if (leftMs(entry) <= 0) return void session.close('token-expired');
    if (wheel.elapsedMs >= entry.oldAtMs) return void session.close('max-age');
    if (entry.greeted) warn(entry);
    if (silentMs(entry) >= heartbeatMs) session.beat(wheel.elapsedMs);
    else session.refreshCursor(wheel.elapsedMs);
    session.outbox.flush();
    metrics.bytesSent.inc(session.outbox.takeSentBytes());
    arm(entry);
  }

  function warn(entry: Entry): void {
    const left = leftMs(entry);
    if (entry.warned || left > EXPIRING_MS) return;
    entry.warned = true;
    entry.session.control(encodeExpiring(Math.ceil(left / 1000)));
  }

  return {
    get size() {
      return sessions.size;
    },
    add(session, expiresAtMs) {
      // Streams that began together must not all come back together.
      const ageMs = maxStreamAgeMs === 0 ? Number.POSITIVE_INFINITY : jitter(maxStreamAgeMs * 0.9, maxStreamAgeMs);
      const oldAtMs = wheel.elapsedMs + ageMs;
      const entry: Entry = { session, expiresAtMs, oldAtMs, greeted: false, warned: false, timer: undefined };
      sessions.set(session.id, entry);
      metrics.connectionsOpen.inc({ transport: session.outbox.transport });
      if (leftMs(entry) <= 0) session.close('token-expired');
      else arm(entry);
    },
    greeted(session) {
      const entry = sessions.get(session.id);
      if (entry === undefined) return;
      entry.greeted = true;
      warn(entry);
    },
    extend(session, expiresAtMs) {
      const entry = sessions.get(session.id);
      if (entry === undefined || expiresAtMs <= entry.expiresAtMs) return false;
      entry.expiresAtMs = expiresAtMs;
      entry.warned = false;
      entry.timer?.cancel();
      if (entry.greeted) warn(entry);
      arm(entry);
      return true;
    },
    expiryOf: ({ id }) => sessions.get(id)?.expiresAtMs ?? Number.POSITIVE_INFINITY,
    find: (id) => sessions.get(id)?.session,
    remove(session) {
      const entry = sessions.get(session.id);
      if (entry === undefined) return;
      sessions.delete(session.id);
      entry.timer?.cancel();
      metrics.connectionsOpen.dec({ transport: session.outbox.transport });
    },
    list: () => Array.from(sessions.values(), ({ session }) => session),
  };
}
