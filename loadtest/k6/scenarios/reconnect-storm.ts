// Thousands of clients lose their edge at once and resume on another, while events flow. `npm run loadtest` kills the edge; in a
// deployment of your own, delete a pod while this is measuring.
import { course, optionsOf } from '../plan.ts';
import { CAME_BACK, runResuming } from '../resuming.ts';
import { size } from '../target.ts';

export { handleSummary } from '../plan.ts';

const DURATION_SEC = size('DURATION', 40);

export const options = optionsOf({
  maxSec: DURATION_SEC + 420,
  thresholds: { ...CAME_BACK, sse_returning: [`p(99)<${size('RETURN_P99_MS', 15_000)}`] },
});

export default course(() =>
  runResuming({
    streams: size('STREAMS', 5_000),
    durationSec: DURATION_SEC,
    // Harsher than any browser, which waits for the 1 to 5 s that the server asked for.
    reconnectDelayMs: size('RECONNECT_DELAY_MS', 0),
    onFirstEdge: true,
  }),
);
