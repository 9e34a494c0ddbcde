import type { Cluster } from '@tidings/broker';
import { AUDIT_TOPIC, PROBLEMS, type ProblemCode } from '@tidings/protocol';
import type { Clock, Logger, ServiceContext, Settings } from '@tidings/runtime';
import { createAuditBatches } from './audit-batches.ts';
import { type AuditedAct, toAuditRecord } from './audit-record.ts';
import type { HubTopicDemand } from './hub-topic-demand.ts';

/** Which deeds are recorded: `control` leaves out publishing and subscribing that was not refused. */
export type AuditLevel = Settings['audit'];

/** Records who did what: one line in the log for each deed, and the same to whoever follows `$hub.audit` (ADR 0018). */
export interface Audit {
  /** Records what the caller of a request did. To be called once for each request that did anything. */
  record(context: ServiceContext, act: AuditedAct): void;
  /** Records a request that was answered with a problem, where that is a refusal. */
  noteProblem(code: ProblemCode, context: ServiceContext): void;
}

export interface AuditOptions {
  readonly cluster: Cluster;
  readonly demand: HubTopicDemand;
  readonly log: Logger;
  readonly clock: Clock;
  readonly level: AuditLevel;
  /** `false`: what is recorded is told to those who follow, and not written to the log. */
  readonly isWritten: boolean;
  /** Told of events that were published, whatever the level is. */
  readonly onPublished: (tenant: string, events: number) => void;
}

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 429]);

/** Whether a status is that of a refusal: of the caller, and not of what the request says. */
export const isRefusal = (status: number): boolean => REFUSALS.has(status);

export function createAudit({ cluster, demand, log, clock, level, isWritten, onPublished }: AuditOptions): Audit {
  // Written whatever the level of the log is. None of these lines has a member to redact, and looking for one costs more
  // than the line.
  const lines = log.child({}, { level: 'info', redact: [] });
  const batches = createAuditBatches(cluster, clock);

  function isRecorded({ did, refused = 0 }: AuditedAct): boolean {
    if (level === 'off') return false;
    return level === 'all' || refused > 0 || (did !== 'published' && did !== 'subscribed');
  }

  function record(context: ServiceContext, act: AuditedAct): void {
    const tenant = context.get('caller')?.tenant;
    if (act.did === 'published' && tenant !== undefined) onPublished(tenant, act.events ?? 0);
    if (!isRecorded(act)) return;
    const record = toAuditRecord(context, act, cluster.id);
    if (isWritten) lines.info(record, 'audit');
    if (tenant === undefined || !demand.isWanted(AUDIT_TOPIC, tenant)) return;
    batches.add(tenant, { ...record, time: new Date(clock.now()).toISOString() });
  }

  return {
    record,
    noteProblem(code, context) {
      // Another service may know codes that this one does not.
      if (isRefusal(PROBLEMS[code]?.status)) record(context, { did: 'refused', code });
    },
  };
}
