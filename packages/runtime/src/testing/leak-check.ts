/** Handles and requests that keep the process busy: sockets, servers, timers. */
function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/**
 * Remembers what is open now; the answer waits until no more is open than then, and rejects with what is left when that
 * takes longer than `timeoutMs`. Kinds that are named in `ignored` do not count.
 */
export function watchForLeaks(
  ignored: readonly string[] = ['TTYWrap', 'PipeWrap'],
): (timeoutMs?: number) => Promise<void> {
  const before = countResources();
  return async (timeoutMs = 5_000) => {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const left = [...countResources()].filter(
        // The wait itself is one timer.
        ([kind, count]) => !ignored.includes(kind) && count > (before.get(kind) ?? 0) + (kind === 'Timeout' ? 1 : 0),
      );
      if (left.length === 0) return;
      if (performance.now() > deadline)
        throw new Error(`left open: ${left.map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
}
