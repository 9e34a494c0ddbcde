import { describe, expect, it } from 'vitest';
import type { StreamConfig, StreamInfo } from '../../src/nats/jetstream-api.ts';
import { compareConfig, epochOf, toStreamConfig } from '../../src/nats/stream-config.ts';

const LIMITS = { maxBytes: 1_073_741_824, maxAgeMs: 86_400_000 };
const wanted = toStreamConfig(LIMITS, 3);
const changed = (change: Record<string, unknown>): StreamConfig => ({ ...wanted, ...change });

describe('the configuration of the stream', () => {
  it('is the one that was measured, with the limits that were asked for', () => {
    const { metadata, ...rest } = wanted;
    expect(rest).toEqual({
      name: 'EVT_0',
      subjects: ['evt.0.>'],
      retention: 'limits',
      storage: 'file',
      num_replicas: 3,
      discard: 'old',
      max_msgs: -1,
      max_msgs_per_subject: -1,
      max_bytes: 1_073_741_824,
      max_age: 86_400_000_000_000,
      max_msg_size: 1_048_576,
      max_consumers: -1,
      duplicate_window: 120_000_000_000,
      allow_direct: true,
      allow_msg_ttl: true,
      allow_rollup_hdrs: true,
      allow_atomic: true,
      deny_delete: true,
      compression: 'none',
      republish: { src: 'evt.0.>', dest: 'live.0.>' },
    });
    expect(Object.keys(metadata ?? {})).toEqual(['tidings.epoch']);
    expect(toStreamConfig({ ...LIMITS, idempotencyWindowMs: 1_500 }, 1)).toMatchObject({
      duplicate_window: 1_500_000_000,
      num_replicas: 1,
    });
  });

  it('names another log each time, in eight digits of base 36', () => {
    const epochs = Array.from({ length: 200 }, () => toStreamConfig(LIMITS, 1).metadata?.['tidings.epoch'] ?? '');
    expect(new Set(epochs).size).toBe(200);
    for (const epoch of epochs) expect(epoch).toMatch(/^[0-9a-z]{8}$/);
    // Every digit can stand there.
    expect(new Set(epochs.join('')).size).toBe(36);
  });
});

describe('the epoch of a stream', () => {
  const infoOf = (metadata: Record<string, string> | undefined): StreamInfo =>
    ({
      config: { name: 'EVT_0', ...(metadata && { metadata }) },
      created: '2026-11-21T10:00:00.5Z',
    }) as unknown as StreamInfo;
  const moment = Date.UTC(2026, 10, 21, 10, 0, 0, 500).toString(36);

  it('is what its metadata say', () => {
    expect(epochOf(infoOf({ 'tidings.epoch': 'a1b2c3d4' }))).toBe('a1b2c3d4');
    expect(epochOf(infoOf({ 'tidings.epoch': 'z'.repeat(32) }))).toBe('z'.repeat(32));
  });

  it.each([
    ['no metadata', undefined],
    ['others', { other: 'x' }],
    ['an empty epoch', { 'tidings.epoch': '' }],
    ['capitals', { 'tidings.epoch': 'ABC' }],
    ['a dot, which ends an epoch in a cursor', { 'tidings.epoch': 'a.b' }],
    ['33 digits', { 'tidings.epoch': 'a'.repeat(33) }],
    ['a line break', { 'tidings.epoch': 'a\n' }],
  ])('is the moment of its creation where a cursor could not bear it: %s', (_, metadata) => {
    expect(epochOf(infoOf(metadata))).toBe(moment);
  });
});

describe('the comparison of a stream with the settings', () => {
  it('finds no fault with what the server makes of its own', () => {
    const found = changed({
      metadata: { 'tidings.epoch': 'other', '_nats.req.level': '2' },
      republish: { src: 'evt.0.>', dest: 'live.0.>', headers_only: false },
      sealed: false,
      deny_purge: false,
      consumer_limits: {},
    });
    expect(compareConfig(wanted, found)).toEqual({ faults: [], warnings: [] });
  });

  it.each([
    ['subjects', ['evt.0.*']],
    ['subjects', ['evt.0.>', 'more']],
    ['retention', 'workqueue'],
    ['allow_direct', undefined],
    ['allow_direct', false],
    ['allow_msg_ttl', undefined],
    ['republish', undefined],
    ['republish', { src: 'evt.0.>', dest: 'other.>' }],
    ['republish', { src: 'evt.0.*', dest: 'live.0.>' }],
    ['republish', { src: 'evt.0.>', dest: 'live.0.>', headers_only: true }],
  ])('finds a fault in %s: %j', (field, value) => {
    const { faults, warnings } = compareConfig(wanted, changed({ [field]: value }));
    expect(warnings).toEqual([]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`EVT_0.${field} is ${JSON.stringify(value) ?? 'unset'}, and would be created as `);
  });

  it.each([
    ['storage', 'memory'],
    ['num_replicas', 1],
    ['discard', 'new'],
    ['max_msgs', 5],
    ['max_msgs_per_subject', 1],
    ['max_bytes', 1],
    ['max_age', 1],
    ['max_msg_size', 5],
    ['duplicate_window', 1],
    ['deny_delete', undefined],
    ['mirror', { name: 'X' }],
    ['sources', [{ name: 'X' }]],
    ['subject_transform', { src: 'a', dest: 'b' }],
  ])('warns of %s, which is the operator’s to choose: %j', (field, value) => {
    const { faults, warnings } = compareConfig(wanted, changed({ [field]: value }));
    expect(faults).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`EVT_0.${field} is `);
  });

  it('finds a fault in a stream that acknowledges nothing: no publish would ever end well', () => {
    expect(compareConfig(wanted, changed({ no_ack: true })).faults).toHaveLength(1);
  });

  it('names all differences at once', () => {
    const found = changed({ max_bytes: 1, max_age: 1, retention: 'interest', allow_direct: false });
    const { faults, warnings } = compareConfig(wanted, found);
    expect([faults.length, warnings.length]).toEqual([2, 2]);
  });
});
