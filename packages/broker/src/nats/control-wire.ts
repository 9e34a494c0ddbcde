import { toSubjectToken } from '@tidings/protocol';
import type { ClusterRole } from '../cluster-port.ts';
import { away } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { toRawMessage } from './raw-message.ts';

/**
 * What is said under `ctl.node.<role>.<kind>.<target>`. The role is the sender's: the servers let each say only its own.
 * The target of `beat` is the sender; of `ask` and `answer` whom it is for; of `query` and `tell` what it is about.
 */
type ControlKind = 'beat' | 'ask' | 'query' | 'answer' | 'tell';

/** What came: every message names its sender, the rest is for its reader to check. */
export interface ControlMessage {
  readonly from: string;
  readonly [field: string]: unknown;
}

type ControlListener = (message: ControlMessage, role: ClusterRole) => void;

/** How the processes of a deployment talk: over core NATS, at most once, and only while the connection stands. */
export interface ControlWire {
  readonly connected: boolean;
  /** @param body JSON text that becomes the member `body`. @throws TidingsError `unavailable` while the connection is lost. */
  send(kind: ControlKind, target: string, message: ControlMessage, body?: string): void;
  /** Whatever the listener throws is reported, and ends nothing. */
  listen(kind: ControlKind, target: string, onMessage: ControlListener): void;
}

// One subscription for each: a pattern over all roles would not reach through the imports of an account.
const ROLES: readonly ClusterRole[] = ['ingest', 'edge', 'hub', 'webhooks'];
const IS_ID = /^[0-9a-z]{8}$/;

/** The target of whoever listens to all. */
export const ANYBODY = '*';

export function createControlWire(link: Link, own: ClusterRole, onFault: (error: unknown) => void): ControlWire {
  const subjectOf = (role: ClusterRole, kind: ControlKind, target: string): string =>
    `ctl.node.${role}.${kind}.${target === ANYBODY ? target : toSubjectToken(target)}`;

  return {
    get connected() {
      return link.connected;
    },
    send(kind, target, message, body) {
      if (!link.connected) throw away('the connection is lost');
      const head = JSON.stringify(message);
      const text = body === undefined ? head : `${head.slice(0, -1)},"body":${body}}`;
      try {
        link.client.publish(subjectOf(own, kind, target), text);
      } catch (error) {
        // It was closed this instant, or takes less than is allowed here.
        throw away('the connection does not take what is said', error);
      }
    },
    listen(kind, target, onMessage) {
      for (const role of ROLES) {
        link.client.subscribe(subjectOf(role, kind, target), {
          callback(error, message) {
            // A throw in here would end the client's reader for good, without a reconnect.
            try {
              if (error !== null) throw error;
              const { headers, data } = toRawMessage(message);
              const said = parseControlMessage(headers, data);
              if (said !== undefined) onMessage(said, role);
            } catch (fault) {
              onFault(fault);
            }
          },
        });
      }
    },
  };
}

/**
 * `undefined` for what is none of ours. An edge can have the answer to a read sent to any subject of its account, as if it
 * came from another role: what was stored comes with headers, which ours never have, and what else the API of JetStream
 * answers has other members.
 */
export function parseControlMessage(headers: string, data: Uint8Array): ControlMessage | undefined {
  if (headers !== '') return undefined;
  try {
    const said = JSON.parse(Buffer.from(data).toString()) as Partial<ControlMessage> | null;
    return typeof said?.from === 'string' && IS_ID.test(said.from) ? (said as ControlMessage) : undefined;
  } catch {
    return undefined;
  }
}
