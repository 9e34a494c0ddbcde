import type { Clock, Logger, Metrics, Timer } from '@tidings/runtime';
import type { JetStreamApi, StreamInfo } from './jetstream-api.ts';
import { epochOf } from './stream-config.ts';

/** What the leader says of the log, asked every few seconds and whenever somebody must know. */
export interface LogWatch {
  readonly epoch: string;
  /** How long the leader has not answered; 0 while it does. */
  readonly silentMs: number;
  /** Acknowledged events are gone from the end of the log: somebody must look, and make it another log. */
  readonly tailLost: boolean;
  /** What the leader says now: the request began after this call. @throws TidingsError `unavailable`. */
  ask(): Promise<StreamInfo>;
  /** Something else has shown that the end of the log was lost. */
  noteTailLost(): void;
  close(): void;
}

export interface LogWatchParts {
  readonly api: JetStreamApi;
  readonly first: StreamInfo;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The newest place that this process was fed; 0 without a feed. */
  position(): number;
  /** The log is another one now. */
  onEpoch(epoch: string, info: StreamInfo): void;
}

const PERIOD_MS = 5_000;
// A leader that was cut off answers for some seconds before it steps down.
const BEHIND_MS = 14_500;

export function createLogWatch(parts: LogWatchParts): LogWatch {
  const { api, clock, log, metrics } = parts;
  let epoch = epochOf(parts.first);
  let answeredMs = clock.elapsed();
  let failing = false;
  let behindSinceMs: number | undefined;
  let tailLost = false;
  let awaited: { seq: number; sinceMs: number } | undefined;
  let waiting: Promise<StreamInfo> | undefined;
  let running: Promise<unknown> = Promise.resolve();

  async function refresh(): Promise<StreamInfo> {
    const position = parts.position();
    let info: StreamInfo;
    try {
      info = await api.info();
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'the leader of the log does not answer');
      failing = true;
      metrics.logSilent.set((clock.elapsed() - answeredMs) / 1000);
      throw error;
    }
    if (failing) log.info('the leader of the log answers again');
    failing = false;
    answeredMs = clock.elapsed();
    metrics.logSilent.set(0);
    const last = info.state.last_seq;
    noteLag(last);
    const found = epochOf(info);
    if (found !== epoch) {
      log.warn({ from: epoch, to: found }, 'the log is another one: it was created anew or restored');
      epoch = found;
      behindSinceMs = undefined;
      awaited = undefined;
      tailLost = false;
      metrics.logTailLost.set(0);
      parts.onEpoch(found, info);
    } else {
      noteTail(last, position);
    }
    return info;
  }

  // What the log had when it was asked must have been fed by the next time.
  function noteLag(last: number): void {
    const position = parts.position();
    if (awaited !== undefined && position >= awaited.seq) awaited = undefined;
    if (position > 0 && last > position) awaited ??= { seq: last, sinceMs: answeredMs };
    metrics.feedLag.set(awaited === undefined ? 0 : (answeredMs - awaited.sinceMs) / 1000);
  }

  // Compared with what was fed before the request: a position of after the reply would raise false alarms. A leader that
  // was just elected may be behind for an instant, so once is not enough.
  function noteTail(last: number, position: number): void {
    if (last >= position) behindSinceMs = undefined;
    else behindSinceMs ??= answeredMs;
    if (behindSinceMs !== undefined && answeredMs - behindSinceMs >= BEHIND_MS) noteTailLost();
  }

  // Once it is known it stays so, whatever is written over it, until somebody makes it another log.
  function noteTailLost(): void {
    if (tailLost) return;
    tailLost = true;
    metrics.logTailLost.set(1);
    log.fatal('acknowledged events are gone from the end of the log: give the stream a new tidings.epoch');
  }

  // One request at a time; whoever asks while one is under way shares the next.
  function ask(): Promise<StreamInfo> {
    waiting ??= running.then(() => {
      waiting = undefined;
      const now = refresh();
      running = now.catch(() => {});
      return now;
    });
    return waiting;
  }

  const timer: Timer = clock.every(PERIOD_MS, () => void ask().catch(() => {}));

  return {
    get epoch() {
      return epoch;
    },
    get silentMs() {
      return failing ? clock.elapsed() - answeredMs : 0;
    },
    get tailLost() {
      return tailLost;
    },
    ask,
    noteTailLost,
    close: () => timer.cancel(),
  };
}
