import { encodeExpiring } from '@tidings/protocol';
import type { Clock, Metrics, Timer } from '@tidings/runtime';
import { jitter } from './jitter.ts';
import type { Session } from './session.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** Every open session of this edge, its deadlines, and the way out for all of them. */
export interface SessionRegistry {
  readonly size: number;
  /** New streams must be refused. */
  readonly draining: boolean;
  /** Takes a session in and arms its heartbeat, its age limit and the end of its token (`Infinity` without one). */
  add(session: Session, expiresAtMs: number): void;
  /** `hub.hello` is written: from now on the session may be told that its token is about to end. */
  greeted(session: Session): void;
  /** Must be called once for each session that was added. */
  remove(session: Session): void;
  /** The sessions that are open now; those that are closed meanwhile stay in the list. */
  list(): readonly Session[];
  /** Says goodbye to all, with reconnects spread evenly over `spreadMs`, and refuses new ones from now on. */
  drain(spreadMs: number): void;
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
// Even the first to come back needs a moment to find another node.
const LEAST_DRAIN_RETRY_MS = 250;

interface Entry {
  readonly timers: Set<Timer>;
  readonly expiresAtMs: number;
}

export function createSessionRegistry(options: RegistryOptions): SessionRegistry {
  const { wheel, clock, heartbeatMs, maxStreamAgeMs, metrics } = options;
  const sessions = new Map<Session, Entry>();
  let draining = false;

  function arm({ timers }: Entry, delayMs: number, run: () => void): void {
    const timer = wheel.after(delayMs, () => {
      timers.delete(timer);
      run();
    });
    timers.add(timer);
  }

  // Nothing is armed anew at each write: what was sent meanwhile puts the beat off when it falls due.
  function armHeartbeat(session: Session, entry: Entry): void {
    const silentMs = wheel.elapsedMs - session.outbox.lastSentMs;
    arm(entry, heartbeatMs - silentMs, () => {
      // The wall clock may have been set since the deadline was armed.
      if (clock.now() >= entry.expiresAtMs) return void session.close('token-expired');
      if (wheel.elapsedMs - session.outbox.lastSentMs >= heartbeatMs) session.beat(wheel.elapsedMs);
      else session.refreshCursor(wheel.elapsedMs);
      session.outbox.flush();
      metrics.bytesSent.inc(session.outbox.takeSentBytes());
      armHeartbeat(session, entry);
    });
  }

  function armExpiry(session: Session, entry: Entry): void {
    const leftMs = entry.expiresAtMs - clock.now();
    if (leftMs <= 0) session.close('token-expired');
    else arm(entry, leftMs, () => armExpiry(session, entry));
  }

  return {
    get size() {
      return sessions.size;
    },
    get draining() {
      return draining;
    },
    add(session, expiresAtMs) {
      const entry: Entry = { timers: new Set(), expiresAtMs };
      sessions.set(session, entry);
      metrics.connectionsOpen.inc({ transport: 'h1' });
      armHeartbeat(session, entry);
      // Streams that began together must not all come back together.
      if (maxStreamAgeMs > 0) {
        arm(entry, jitter(maxStreamAgeMs * 0.9, maxStreamAgeMs), () => session.close('max-age'));
      }
      if (expiresAtMs !== Number.POSITIVE_INFINITY) armExpiry(session, entry);
    },
    greeted(session) {
      const entry = sessions.get(session);
      if (entry === undefined || entry.expiresAtMs === Number.POSITIVE_INFINITY) return;
      const warn = (): void => session.control(encodeExpiring(Math.ceil((entry.expiresAtMs - clock.now()) / 1000)));
      const leftMs = entry.expiresAtMs - clock.now();
      if (leftMs <= EXPIRING_MS) warn();
      else arm(entry, leftMs - EXPIRING_MS, warn);
    },
    remove(session) {
      const entry = sessions.get(session);
      if (entry === undefined) return;
      sessions.delete(session);
      for (const timer of entry.timers) timer.cancel();
      metrics.connectionsOpen.dec({ transport: 'h1' });
    },
    list: () => [...sessions.keys()],
    drain(spreadMs) {
      draining = true;
      const open = [...sessions.keys()];
      open.forEach((session, place) => {
        const spread = ((place + Math.random()) / open.length) * spreadMs;
        session.close('draining', Math.round(Math.max(LEAST_DRAIN_RETRY_MS, spread)));
      });
    },
  };
}
