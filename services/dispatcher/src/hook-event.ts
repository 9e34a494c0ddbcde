import { createHash } from 'node:crypto';
import { type Endpoint, type HookType, isToldOf, isToldOfTopic, type WebhooksPlan } from '@tidings/webhooks';

/** Something that endpoints are told. */
export interface HookEvent {
  /** The same however often it is found out: receivers know a repeated one by it. */
  readonly id: string;
  readonly type: HookType;
  readonly tenant: string;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An id of what is told, made of what it is about. */
export const toHookId = (...about: readonly (string | number)[]): string =>
  `msg_${createHash('sha256').update(JSON.stringify(about)).digest('base64url').slice(0, 27)}`;

/** What is sent, as the Standard Webhooks specification has it: type, timestamp, data. */
export function toPayload({ type, timeMs, tenant, data }: HookEvent): string {
  return JSON.stringify({ type, timestamp: new Date(timeMs).toISOString(), data: { tenant, ...data } });
}

/** Who is told of an event. */
export function audienceOf({ endpoints }: WebhooksPlan, { type, tenant, data }: HookEvent): readonly Endpoint[] {
  return endpoints.filter((endpoint) => {
    if (!isToldOf(endpoint, type, tenant)) return false;
    return !type.startsWith('presence.') || isToldOfTopic(endpoint, String(data.topic));
  });
}
