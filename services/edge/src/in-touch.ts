import type { Cluster } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';

/**
 * An edge that is cut off from the others may not know what was revoked or erased meanwhile: it opens and reads nothing
 * (ADR 0015). The streams that are open stay.
 * @throws TidingsError `unavailable`.
 */
export function assertInTouch(cluster: Cluster): void {
  if (cluster.inTouch) return;
  throw new TidingsError('unavailable', 'This node has lost touch with the others.', { retryAfterSec: 2 });
}
