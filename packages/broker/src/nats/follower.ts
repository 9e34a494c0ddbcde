import type { Clock } from '@tidings/runtime';
import { away } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { FOLLOWERS } from './subject.ts';

/** How far a process that follows the feed has come; said every second, and whenever it matters. */
interface Heartbeat {
  readonly epoch: string;
  readonly position: number;
  /** It is leaving in good order: nobody need wait for it any more. */
  readonly leaving?: boolean;
  /** It wants to hear which subject stands at which place. */
  readonly index?: boolean;
}

const BEAT_MS = 1_000;
// A follower that was silent for so long is gone. It may also be cut off: it forgets what was erased as soon as it is
// back, before it is fed anything newer.
const GONE_MS = 10_000;
// Within this time of listening every follower that lives has been heard.
const HEARD_ALL_MS = 2_500;
const CONFIRM_MS = 5_000;

/** Tells everybody how far this process has come. */
export interface FollowerVoice {
  say(): void;
  leave(): void;
}

export function createFollowerVoice(link: Link, id: string, clock: Clock, state: () => Heartbeat): FollowerVoice {
  const subject = FOLLOWERS + id;
  const say = (heartbeat: Heartbeat): void => {
    // What is said while nobody hears would be kept and said too late.
    if (link.connected) link.client.publish(subject, JSON.stringify(heartbeat));
  };
  const beat = clock.every(BEAT_MS, () => say(state()));
  return {
    say: () => say(state()),
    leave() {
      beat.cancel();
      say({ ...state(), leaving: true });
    },
  };
}

/** Listens to every follower, so that a purge can be answered once none can show what was erased. */
export interface FollowerWatch {
  /**
   * Resolves when every follower that lives has passed the place.
   * @throws TidingsError `unavailable` when one does not within 5 s.
   */
  passed(epoch: string, seq: number): Promise<void>;
  /** Whether any of them wants to hear which subject stands at which place. */
  readonly wantIndex: boolean;
}

export function createFollowerWatch(link: Link, clock: Clock): FollowerWatch {
  const heard = new Map<string, Heartbeat & { atMs: number }>();
  let sinceMs = clock.elapsed();
  // While nobody could be heard yet, somebody may want it.
  let indexUntilMs = sinceMs + HEARD_ALL_MS;
  const looks = new Set<() => void>();

  // Who was not heard while nobody could be heard is not gone: all are waited for again.
  link.onReconnect(() => {
    sinceMs = clock.elapsed();
    indexUntilMs = Math.max(indexUntilMs, sinceMs + HEARD_ALL_MS);
  });
  link.client.subscribe(`${FOLLOWERS}*`, {
    callback(error, message) {
      if (error !== null) return;
      const id = message.subject.slice(FOLLOWERS.length);
      const heartbeat = parseHeartbeat(message.data);
      if (heartbeat === undefined) return;
      if (heartbeat.index) indexUntilMs = clock.elapsed() + GONE_MS;
      if (heartbeat.leaving) heard.delete(id);
      else heard.set(id, { ...heartbeat, atMs: clock.elapsed() });
      for (const look of [...looks]) look();
    },
  });

  function late(epoch: string, seq: number): string[] {
    const nowMs = clock.elapsed();
    for (const [id, { atMs }] of heard) if (nowMs - atMs > GONE_MS) heard.delete(id);
    return [...heard].filter(([, state]) => state.epoch !== epoch || state.position < seq).map(([id]) => id);
  }

  return {
    get wantIndex() {
      return clock.elapsed() < indexUntilMs;
    },
    async passed(epoch, seq) {
      const heardAllMs = sinceMs + HEARD_ALL_MS - clock.elapsed();
      if (heardAllMs > 0) await new Promise<void>((resolve) => clock.after(heardAllMs, resolve));
      if (late(epoch, seq).length === 0) return;
      await new Promise<void>((resolve, reject) => {
        const done = (): void => {
          if (late(epoch, seq).length > 0) return;
          looks.delete(done);
          timer.cancel();
          resolve();
        };
        const timer = clock.after(CONFIRM_MS, () => {
          // Whoever fell silent meanwhile may be gone by now.
          done();
          if (!looks.delete(done)) return;
          reject(away(`${late(epoch, seq).length} edge(s) did not confirm the erasure within ${CONFIRM_MS / 1000} s`));
        });
        looks.add(done);
      });
    },
  };
}

function parseHeartbeat(data: Uint8Array): Heartbeat | undefined {
  try {
    const { epoch, position, leaving, index } = JSON.parse(Buffer.from(data).toString()) as Partial<Heartbeat>;
    if (typeof epoch !== 'string' || typeof position !== 'number') return undefined;
    return { epoch, position, leaving: leaving === true, index: index === true };
  } catch {
    return undefined;
  }
}
