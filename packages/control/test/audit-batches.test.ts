import { MAX_CONTROL_BYTES } from '@tidings/broker';
import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { AUDIT_NOTICE, type AuditNotice, createAuditBatches, MOST_BATCHED_RECORDS } from '../src/audit-batches.ts';
import type { AuditRecord } from '../src/audit-record.ts';

async function start() {
  const clock = createFakeClock();
  const bus = createMemoryBus();
  const cluster = createMemoryCluster({ bus, clock });
  const notices: AuditNotice[] = [];
  cluster.hear(AUDIT_NOTICE, (body) => notices.push(body as AuditNotice));
  await cluster.open();
  return { clock, cluster, notices, batches: createAuditBatches(cluster, clock) };
}

const record = (tenant: string, user = 'bob'): AuditRecord => ({ audit: 'published', node: 'n', tenant, user });

describe('batches of audit records', () => {
  it('tells each tenant’s records of a tenth of a second together, and sets no timer without any', async () => {
    const { clock, notices, batches } = await start();
    batches.add('acme', record('acme'));
    clock.advance(99);
    batches.add('acme', record('acme', 'eve'));
    batches.add('globex', record('globex'));
    expect(notices).toEqual([]);
    clock.advance(1);
    expect(notices).toEqual([
      { tenant: 'acme', records: [record('acme'), record('acme', 'eve')] },
      { tenant: 'globex', records: [record('globex')] },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('beyond 1,000 records of a tenant only their number is told, and no other tenant loses any', async () => {
    const { clock, cluster, notices, batches } = await start();
    for (let count = 0; count < MOST_BATCHED_RECORDS + 5; count += 1) batches.add('acme', record('acme'));
    batches.add('globex', record('globex'));
    clock.advance(100);
    expect(notices[0]?.records).toHaveLength(MOST_BATCHED_RECORDS + 1);
    expect(notices[0]?.records.at(-1)).toEqual({
      audit: 'dropped',
      node: cluster.id,
      tenant: 'acme',
      records: 5,
      time: expect.any(String),
    });
    expect(notices[1]?.records).toHaveLength(1);
  });

  it('never tells more than a message of the cluster may hold, whatever users are called', async () => {
    const { clock, notices, batches } = await start();
    for (let count = 0; count < MOST_BATCHED_RECORDS; count += 1)
      batches.add('acme', record('acme', '\u20ac'.repeat(2_000)));
    clock.advance(100);
    expect(Buffer.byteLength(JSON.stringify(notices[0]))).toBeLessThan(MAX_CONTROL_BYTES);
    const told = (notices[0]?.records.length ?? 0) - 1;
    expect(told).toBeGreaterThan(50);
    expect(notices[0]?.records.at(-1)?.records).toBe(MOST_BATCHED_RECORDS - told);
  });
});
