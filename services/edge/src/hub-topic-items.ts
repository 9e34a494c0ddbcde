import type { Cluster } from '@tidings/broker';
import { AUDIT_NOTICE, type AuditNotice } from '@tidings/control';
import { AUDIT_TOPIC, type HubTopic } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { HubTopicFollowers } from './hub-topic-followers.ts';
import { Item } from './item.ts';
import type { Router } from './router.ts';

export interface HubTopicParts {
  readonly cluster: Cluster;
  readonly router: Pick<Router, 'routeByName'>;
  readonly followers: Pick<HubTopicFollowers, 'has'>;
  readonly clock: Clock;
}

/** Sends an event of the hub's own to the streams of a tenant that name its topic: live alone, so it has no id. */
export type SendHubEvent = (topic: HubTopic, tenant: string, event: string, body: object) => void;

/** Has the records that any node tells reach the streams of this edge that follow them; the cluster must not be open yet. */
export function createHubTopicItems({ cluster, router, followers, clock }: HubTopicParts): SendHubEvent {
  function send(topic: HubTopic, tenant: string, event: string, body: object): void {
    const message = {
      seq: 0,
      tenant,
      topic,
      event,
      data: Buffer.from(JSON.stringify(body)),
      json: true,
      final: false,
      exclude: '',
      timeMs: clock.now(),
      expiresAtMs: Number.POSITIVE_INFINITY,
    };
    // It has no place in the log, so it belongs to no epoch.
    router.routeByName(new Item(message, ''));
  }

  cluster.hear(AUDIT_NOTICE, (body) => {
    const { tenant, records } = body as AuditNotice;
    if (!followers.has(AUDIT_TOPIC, tenant)) return;
    for (const record of records) send(AUDIT_TOPIC, tenant, 'audit', record);
  });
  return send;
}
