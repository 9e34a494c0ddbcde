/** So many turns of the event loop suffice for what only this process has to do. */
const QUICK_TURNS = 200;

/**
 * Looks again at each turn of the event loop until the condition holds; after the first turns only each millisecond, since
 * what is waited for then is done by another process or by a timer, and needs the processor.
 */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let turn = 0; !(await condition()); turn += 1) {
    if (performance.now() > deadline) throw new Error(`it did not come about within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => (turn < QUICK_TURNS ? setImmediate(resolve) : setTimeout(resolve, 1)));
  }
}
