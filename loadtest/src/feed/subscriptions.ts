import type { NatsServer } from '@tidings/broker/testing';
import { ask } from './counters.ts';

/** A client's connection as a server sees it. */
export interface Connection {
  readonly server: string;
  readonly name: string;
  readonly subjects: readonly string[];
  /** What was sent to it: headers and payloads. */
  readonly messages: number;
  readonly bytes: number;
}

interface Connz {
  readonly connections: readonly {
    readonly name?: string;
    readonly out_msgs: number;
    readonly out_bytes: number;
    readonly subscriptions_list?: readonly string[];
  }[];
}

const MOST = 100_000;

/** All connections to these servers, each with what it is subscribed to. */
export async function readConnections(servers: readonly NatsServer[]): Promise<Connection[]> {
  const answers = await Promise.all(
    servers.map(async (server) => {
      const { connections } = await ask<Connz>(server, `connz?subs=1&limit=${MOST}`);
      return connections.map(({ name = '', out_msgs, out_bytes, subscriptions_list = [] }) => ({
        server: server.name,
        name,
        subjects: [...subscriptions_list].sort(),
        messages: out_msgs,
        bytes: out_bytes,
      }));
    }),
  );
  return answers.flat();
}

/** What two processes of one kind have in common: the ids of processes and the inboxes are each one's own. */
const toGeneralSubject = (subject: string): string =>
  subject
    .replace(/^(ctl\.node\.\w+\.(?:ask|answer))\.[0-9a-z]{8}$/, '$1.<id>')
    .replace(/^(_INBOX_\w+)\.\w+\.\*$/, '$1.<inbox>.*');

const general = ({ subjects }: Connection): string => subjects.map(toGeneralSubject).sort().join(' ');

/**
 * Who of those that stand for `real` does not subscribe to exactly what it does; in words.
 * @param standIn the name of those that stand for it.
 */
export function findStrangers(connections: readonly Connection[], real: string, standIn: string): string[] {
  const model = connections.find(({ name }) => name === real);
  if (model === undefined) return [`no connection is named "${real}"`];
  const wanted = general(model);
  const strangers = connections.filter((each) => each.name === standIn && general(each) !== wanted);
  const [first] = strangers;
  if (first === undefined) return [];
  return [
    `${strangers.length} of those named "${standIn}" do not subscribe to what a real edge does (${wanted}), but to: ${general(first)}`,
  ];
}
