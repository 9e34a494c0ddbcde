import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
// Drawn for many ids at once: each call into the generator costs more than an id.
const pool = Buffer.alloc(256 * ID_BYTES);
let used = pool.length;

/** The trace id of a request: the one that `traceparent` brings (W3C Trace Context), else a new random one. */
export function traceIdOf(traceparent: string | undefined): string {
  if (traceparent === undefined) return newTraceId();
  const brought = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1];
  return brought !== undefined && !/^0+$/.test(brought) ? brought : newTraceId();
}

function newTraceId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('hex', used - ID_BYTES, used);
}
