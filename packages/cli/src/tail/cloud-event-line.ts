import { randomUUID } from 'node:crypto';
import { toCloudEventSource, UNNAMED_CLOUD_EVENT_TYPE } from '@tidings/protocol';
import type { TidingsEvent } from '@tidings/sdk/subscriber';
import { toJsonText } from '../json-text.ts';

/**
 * The event as a CloudEvent on one line, as the hub has it with `format=cloudevents` (ADR 0032), but for two things that an
 * envelope does not say: a JSON text counts as `text/plain`, and numbers are as JavaScript reads them.
 */
export function toCloudEventLine({ id, topic, event, time, data }: TidingsEvent, tenant: string): string {
  return toJsonText({
    specversion: '1.0',
    id: id ?? randomUUID(),
    source: toCloudEventSource(tenant),
    type: event ?? UNNAMED_CLOUD_EVENT_TYPE,
    subject: topic,
    time,
    tidingscursor: id,
    datacontenttype: typeof data === 'string' ? 'text/plain' : 'application/json',
    data,
  });
}

/** The tenant that a token names, unverified; `default` where it names none, and where it can't be read. */
export function tenantOf(token: string | undefined): string {
  try {
    const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString());
    if (typeof claims?.tenant === 'string') return claims.tenant;
  } catch {
    // A ticket, or no token: the hub says what is wrong with it, where something is.
  }
  return 'default';
}
