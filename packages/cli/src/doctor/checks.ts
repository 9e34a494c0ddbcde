import { addressCheck } from './check/address.ts';
import { bodySizeCheck } from './check/body-size.ts';
import { clockCheck } from './check/clock.ts';
import { corsCheck } from './check/cors.ts';
import { deliveryCheck } from './check/delivery.ts';
import { edgeCheck, ingestCheck, refusalCheck } from './check/edge.ts';
import { edgesCheck } from './check/edges.ts';
import { headersCheck } from './check/headers.ts';
import { heartbeatCheck } from './check/heartbeat.ts';
import { nativeCheck } from './check/native.ts';
import { resumeCheck, resumeElsewhereCheck } from './check/resume.ts';
import { streamCheck } from './check/stream.ts';
import { http2Check, tlsCheck } from './check/tls.ts';
import { tokenCheck } from './check/token.ts';
import type { Check } from './check.ts';

/**
 * All checks, in the order in which they run: from the name to the stream, what others need before them, and what takes
 * long at the end. docs/operations/doctor.md has a section for each, in the same order.
 */
export const CHECKS: readonly Check[] = [
  addressCheck,
  tlsCheck,
  http2Check,
  edgeCheck,
  ingestCheck,
  refusalCheck,
  clockCheck,
  tokenCheck,
  streamCheck,
  headersCheck,
  nativeCheck,
  deliveryCheck,
  bodySizeCheck,
  resumeCheck,
  edgesCheck,
  resumeElsewhereCheck,
  corsCheck,
  heartbeatCheck,
];
