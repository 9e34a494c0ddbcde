/** Runs something again and again, and never twice at once. */
export interface Refresh {
  /** Runs it at once, in place of what runs now; resolves when it has run, or was replaced. */
  now(): Promise<void>;
  /** It is wanted again: runs it unless it runs or waits for its time. */
  resume(): void;
  end(): void;
}

export interface RefreshOptions {
  /** Must not reject. What it found must be thrown away when the signal was aborted meanwhile. */
  run(signal: AbortSignal): Promise<void>;
  /** Asked when it is time. Nothing runs while it is not wanted. */
  isWanted(): boolean;
  /** From the end of a run to the next. */
  readonly everyMs: number;
}

export function createRefresh({ run, isWanted, everyMs }: RefreshOptions): Refresh {
  let running: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
    running?.abort();
    running = undefined;
  }

  async function now(): Promise<void> {
    stop();
    const controller = new AbortController();
    running = controller;
    await run(controller.signal);
    if (running !== controller) return;
    running = undefined;
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted()) void now();
    }, everyMs);
  }

  return {
    now,
    resume() {
      if (isWanted() && running === undefined && timer === undefined) void now();
    },
    end: stop,
  };
}
