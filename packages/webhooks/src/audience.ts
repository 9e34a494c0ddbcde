import { covers } from '@tidings/protocol';
import type { Endpoint, HookType, WebhooksPlan } from './webhooks-file.ts';

/** Whether an endpoint is told of such things of a tenant. */
export const isToldOf = ({ types, tenants }: Endpoint, type: HookType, tenant: string): boolean =>
  types.has(type) && (tenants === undefined || tenants.has(tenant));

/** Whether an endpoint is told who is present on a topic. */
export const isToldOfTopic = ({ topics }: Endpoint, topic: string): boolean =>
  topics.some((pattern) => covers(pattern, topic));

const OF_SESSIONS: readonly HookType[] = ['session.opened', 'session.closed', 'presence.entered', 'presence.left'];

/** Whether edges have to report sessions of a tenant at all. */
export const areSessionsWanted = ({ endpoints }: WebhooksPlan, tenant: string): boolean =>
  endpoints.some((endpoint) => OF_SESSIONS.some((type) => isToldOf(endpoint, type, tenant)));

/** Whether anybody wants to know who could not be reached. */
export const areUnreachedWanted = ({ endpoints }: WebhooksPlan): boolean =>
  endpoints.some(({ types }) => types.has('user.unreached'));
