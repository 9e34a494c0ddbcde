import type { NatsServer } from '@tidings/broker/testing';
import { ask } from '../feed/counters.ts';

/** What the servers sent to the connections of one name; headers and payloads. */
export interface Sent {
  readonly messages: number;
  readonly bytes: number;
}

interface Connz {
  readonly connections: readonly {
    readonly cid: number;
    readonly name?: string;
    readonly out_msgs: number;
    readonly out_bytes: number;
  }[];
}

/** By the connection's place in its server's count, so that two readings can be compared. */
export async function readSent(servers: readonly NatsServer[], name: string): Promise<Map<string, Sent>> {
  const sent = new Map<string, Sent>();
  for (const server of servers) {
    const { connections } = await ask<Connz>(server, 'connz?limit=10000');
    for (const each of connections) {
      if (each.name !== name) continue;
      sent.set(`${server.name} ${each.cid}`, { messages: each.out_msgs, bytes: each.out_bytes });
    }
  }
  return sent;
}

/** What was sent to each from one reading to the next. @throws Error when a connection is another than it was. */
export function sentBetween(before: ReadonlyMap<string, Sent>, after: ReadonlyMap<string, Sent>): Sent[] {
  if (before.size !== after.size) throw new Error(`there were ${before.size} connections, and are ${after.size}`);
  return [...after].map(([key, now]) => {
    const then = before.get(key);
    if (then === undefined) throw new Error(`the connection ${key} was not there before`);
    return { messages: now.messages - then.messages, bytes: now.bytes - then.bytes };
  });
}
