import { randomBytes } from 'node:crypto';

/** The trace id of a request: the one that `traceparent` brings (W3C Trace Context), else a new random one. */
export function traceIdOf(traceparent: string | undefined): string {
  const brought = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? '')?.[1];
  return brought !== undefined && !/^0+$/.test(brought) ? brought : randomBytes(16).toString('hex');
}
