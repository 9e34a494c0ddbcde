// Every edge is replaced while events flow, as in an upgrade: clients do as they are told and lose nothing. `npm run loadtest`
// restarts the edges; in a deployment of your own, `kubectl rollout restart` while this is measuring.
import { course, optionsOf } from '../plan.ts';
import { CAME_BACK, runResuming } from '../resuming.ts';
import { size } from '../target.ts';

export { handleSummary } from '../plan.ts';

const DURATION_SEC = size('DURATION', 60);

export const options = optionsOf({
  maxSec: DURATION_SEC + 420,
  thresholds: { ...CAME_BACK, sse_returning: [`p(99)<${size('RETURN_P99_MS', 40_000)}`] },
});

export default course(() =>
  runResuming({ streams: size('STREAMS', 5_000), durationSec: DURATION_SEC, reconnectDelayMs: -1 }),
);
