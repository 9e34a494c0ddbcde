import type { Cluster } from '@tidings/broker';
import { HUB_TOPICS, type HubTopic } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';

/** Which of the hub's own topics are followed anywhere: nothing is told of the others. */
export interface HubTopicDemand {
  /** One look-up; where nobody follows anything, less. */
  isWanted(topic: HubTopic, tenant: string): boolean;
  /** Runs each time that an edge says that its clients follow the topic, which it says every second. */
  onWanted(topic: HubTopic, run: (tenants: readonly string[]) => void): void;
  /** Says that clients of this process follow the topic, for the next three seconds. */
  announce(topic: HubTopic, tenants: readonly string[]): void;
}

interface Wanted {
  readonly topic: HubTopic;
  readonly tenants: readonly string[];
}

const WANTED = 'hub-topics-wanted';
const WANTED_MS = 3_000;
// 64 bytes each, as JSON with every character escaped, are half of what a message may hold.
const MOST_TENANTS = 1_000;

/** Follows the announcements from now on; the cluster must not be open yet. */
export function createHubTopicDemand(cluster: Cluster, clock: Clock): HubTopicDemand {
  const untilMs = new Map<HubTopic, Map<string, number>>(HUB_TOPICS.map((topic) => [topic, new Map()]));
  const runs: { topic: HubTopic; run: (tenants: readonly string[]) => void }[] = [];

  cluster.hear(WANTED, (body) => {
    const { topic, tenants } = body as Wanted;
    const wanted = untilMs.get(topic);
    if (wanted === undefined) return;
    const nowMs = clock.elapsed();
    for (const [tenant, endMs] of wanted) if (endMs <= nowMs) wanted.delete(tenant);
    for (const tenant of tenants) wanted.set(tenant, nowMs + WANTED_MS);
    for (const each of runs) if (each.topic === topic) each.run(tenants);
  });

  return {
    isWanted(topic, tenant) {
      const wanted = untilMs.get(topic);
      if (wanted === undefined || wanted.size === 0) return false;
      const endMs = wanted.get(tenant);
      if (endMs === undefined) return false;
      if (clock.elapsed() < endMs) return true;
      wanted.delete(tenant);
      return false;
    },
    onWanted: (topic, run) => void runs.push({ topic, run }),
    announce(topic, tenants) {
      for (let start = 0; start < tenants.length; start += MOST_TENANTS) {
        const wanted: Wanted = { topic, tenants: tenants.slice(start, start + MOST_TENANTS) };
        cluster.tell(WANTED, wanted);
      }
    },
  };
}
