/** What was done, by whom: for the admins of a tenant. */
export const AUDIT_TOPIC = '$hub.audit';
/** Numbers of a tenant, every second: for its admins. */
export const METRICS_TOPIC = '$hub.metrics';

/** The hub's own topics that can be subscribed to (contract section 2). */
export const HUB_TOPICS: readonly [typeof AUDIT_TOPIC, typeof METRICS_TOPIC] = [AUDIT_TOPIC, METRICS_TOPIC];

export type HubTopic = (typeof HUB_TOPICS)[number];

/** Whether the text is one of them, by name: no pattern matches them. */
export function isHubTopic(text: string): text is HubTopic {
  return (HUB_TOPICS as readonly string[]).includes(text);
}
