import type { MetricsSnapshot } from '@tidings/protocol/client';
import type { HubClient } from './hub-client.ts';

export interface MetricsListener {
  snapshot(snapshot: MetricsSnapshot): void;
  /** Nothing came since then; `undefined` once something comes again. Not told before the first snapshot. */
  quiet(sinceMs: number | undefined): void;
}

// One comes each second.
const QUIET_MS = 3_500;

/**
 * Follows `$hub.metrics` (docs/reference/audit.md) on the stream of all pages.
 * @returns ends it.
 */
export function followMetrics(hub: Pick<HubClient, 'tidings'>, listener: MetricsListener): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isQuiet = false;
  const subscription = hub.tidings.subscribe('$hub.metrics', ({ data }) => {
    clearTimeout(timer);
    const cameMs = Date.now();
    timer = setTimeout(() => {
      isQuiet = true;
      listener.quiet(cameMs);
    }, QUIET_MS);
    if (isQuiet) listener.quiet(undefined);
    isQuiet = false;
    listener.snapshot(data as MetricsSnapshot);
  });
  return () => {
    clearTimeout(timer);
    subscription.unsubscribe();
  };
}
