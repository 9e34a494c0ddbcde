const ASK_TIMEOUT_MS = 1_000;
const PAUSE_MS = 20;

/** Asks a server's monitoring port; nothing when it does not answer, or answers that it is not well. */
export async function askMonitor(url: string): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    // The body is read in any case: an unread one keeps its socket.
    const body = (await response.json()) as Record<string, unknown>;
    return response.ok ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Asks again and again until the answer is not `undefined`. @throws Error that says what was waited for. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  timeoutMs: number,
  describe: () => string,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
