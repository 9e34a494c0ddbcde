import { describe, expect, test } from 'vitest';
import { scheduleIdOf } from '../src/schedule-id.ts';

const idOf = (id: string): string =>
  scheduleIdOf({
    tenant: 'default',
    topic: 'later',
    event: '',
    data: new Uint8Array(),
    json: false,
    final: false,
    exclude: '',
    store: true,
    id,
    ttlSec: 0,
  });

describe('the id of a schedule', () => {
  // One digest in 64 begins with `-` in base64url.
  test('can stand on a command line, and is one for each idempotency key', () => {
    const ids = Array.from({ length: 1_000 }, (_, key) => idOf(`${key}`));
    for (const id of ids) expect(id).toMatch(/^\w[\w-]{21}$/);
    expect(new Set(ids).size).toBe(1_000);
    expect(idOf('7')).toBe(ids[7]);
  });

  test('differs for each event that has no idempotency key', () => {
    expect(idOf('')).toMatch(/^\w{16}$/);
    expect(idOf('')).not.toBe(idOf(''));
  });
});
