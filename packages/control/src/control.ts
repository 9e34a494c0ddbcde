import type { AccessChecks } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import type { Clock, Logger } from '@tidings/runtime';
import { createRevocationList, type RevocationList } from './revocation-list.ts';
import { createTicketStore, type TicketStore } from './ticket-store.ts';

/** What a service agrees upon with the others. */
export interface Control {
  readonly cluster: Cluster;
  readonly revocations: RevocationList;
  readonly tickets: TicketStore;
  /** For the one who looks at tokens. */
  readonly accessChecks: AccessChecks;
}

/** Puts it together around a cluster that is not open yet; whoever opens it closes it. */
export function createControl(cluster: Cluster, log: Logger, clock: Clock): Control {
  const revocations = createRevocationList({ cluster, log, clock });
  const tickets = createTicketStore(cluster);
  return {
    cluster,
    revocations,
    tickets,
    accessChecks: { isRevoked: revocations.isRevoked, redeemTicket: tickets.redeem },
  };
}
