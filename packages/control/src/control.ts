import type { AccessChecks } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import type { Clock, Logger } from '@tidings/runtime';
import { type Audit, type AuditLevel, createAudit } from './audit.ts';
import { createHubTopicDemand, type HubTopicDemand } from './hub-topic-demand.ts';
import { createRevocationList, type RevocationList } from './revocation-list.ts';
import { createTenantTallies, type TenantTallies } from './tenant-tallies.ts';
import { createTicketStore, type TicketStore } from './ticket-store.ts';

/** What a service agrees upon with the others. */
export interface Control {
  readonly cluster: Cluster;
  readonly revocations: RevocationList;
  readonly tickets: TicketStore;
  readonly audit: Audit;
  readonly tallies: TenantTallies;
  readonly demand: HubTopicDemand;
  /** For the one who looks at tokens. */
  readonly accessChecks: AccessChecks;
}

/**
 * Puts it together around a cluster that is not open yet; whoever opens it closes it.
 * @param isAuditWritten `false`: the audit is told to those who follow it, and not written to the log.
 */
export function createControl(
  cluster: Cluster,
  log: Logger,
  clock: Clock,
  level: AuditLevel = 'all',
  isAuditWritten = true,
): Control {
  const revocations = createRevocationList({ cluster, log, clock });
  const tickets = createTicketStore(cluster);
  const demand = createHubTopicDemand(cluster, clock);
  const tallies = createTenantTallies(cluster, demand, clock);
  const isWritten = isAuditWritten;
  const audit = createAudit({ cluster, demand, log, clock, level, isWritten, onPublished: tallies.published });
  return {
    cluster,
    revocations,
    tickets,
    audit,
    tallies,
    demand,
    accessChecks: { isRevoked: revocations.isRevoked, redeemTicket: tickets.redeem },
  };
}
