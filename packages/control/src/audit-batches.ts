import type { Cluster } from '@tidings/broker';
import { MAX_CONTROL_BYTES } from '@tidings/broker';
import type { Clock } from '@tidings/runtime';
import type { AuditRecord } from './audit-record.ts';

/** The name under which records are told to the edges. */
export const AUDIT_NOTICE = 'audit';

/** What is told at once: of one tenant, so that nobody's records stand in the way of another's. */
export interface AuditNotice {
  readonly tenant: string;
  readonly records: readonly AuditRecord[];
}

/** Collects records of tenants that are followed, and tells them a few times a second. */
export interface AuditBatches {
  add(tenant: string, record: AuditRecord): void;
}

const BATCH_MS = 100;
/** Records of one tenant and node that are told at once; of more only their number is told. */
export const MOST_BATCHED_RECORDS = 1_000;
// Characters of JSON, each of which may be three bytes.
const MAX_BATCH_CHARACTERS = MAX_CONTROL_BYTES / 4;

interface Batch {
  readonly records: AuditRecord[];
  characters: number;
  dropped: number;
}

export function createAuditBatches(cluster: Cluster, clock: Clock): AuditBatches {
  let batches = new Map<string, Batch>();

  function tell(): void {
    const told = batches;
    batches = new Map();
    for (const [tenant, { records, dropped }] of told) {
      const time = new Date(clock.now()).toISOString();
      if (dropped > 0) records.push({ audit: 'dropped', node: cluster.id, tenant, records: dropped, time });
      const notice: AuditNotice = { tenant, records };
      cluster.tell(AUDIT_NOTICE, notice);
    }
  }

  return {
    add(tenant, record) {
      if (batches.size === 0) clock.after(BATCH_MS, tell);
      let batch = batches.get(tenant);
      if (batch === undefined) {
        batch = { records: [], characters: 0, dropped: 0 };
        batches.set(tenant, batch);
      }
      const { length } = JSON.stringify(record);
      if (batch.records.length >= MOST_BATCHED_RECORDS || batch.characters + length > MAX_BATCH_CHARACTERS) {
        batch.dropped += 1;
        return;
      }
      batch.characters += length;
      batch.records.push(record);
    },
  };
}
