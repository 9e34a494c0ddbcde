import { dial, type Link, type LinkName } from './link.ts';
import type { NatsBrokerOptions } from './options.ts';
import { createReplyInbox, type ReplyInbox } from './reply-inbox.ts';

/** The connections of one process, each for its own purpose, and on different servers as far as there are any. */
export interface Links {
  /** The connection of this name: the one that stands, or a new one. @throws as `dial`. */
  open(name: LinkName): Promise<Link>;
  /** A place for answers on a connection, where this process's role may listen. */
  createInbox(link: Link): ReplyInbox;
  readonly count: number;
  readonly connected: number;
  close(): Promise<void>;
}

export function createLinks(options: NatsBrokerOptions, signal: AbortSignal): Links {
  const { log, metrics } = options;
  const links = new Map<LinkName, Link>();
  const servers = new Map<LinkName, string>();
  const note = (): void => metrics.brokerConnected.set(servers.size > 0 && servers.size >= links.size ? 1 : 0);

  return {
    async open(name) {
      const standing = links.get(name);
      if (standing !== undefined) return standing;
      const taken = (): ReadonlySet<string> =>
        new Set([...servers].flatMap(([other, server]) => (other === name ? [] : server)));
      const onChange = (server: string | undefined): void => {
        if (server === undefined) servers.delete(name);
        else servers.set(name, server);
        note();
      };
      const link = await dial(name, { access: options, log, metrics, taken, onChange }, signal);
      links.set(name, link);
      note();
      return link;
    },
    createInbox(link) {
      const onFault = (error: unknown): void => log.error({ err: error, link: link.name }, 'a reply can not be read');
      return createReplyInbox(link.client, `_INBOX_${options.role}`, onFault);
    },
    get count() {
      return links.size;
    },
    get connected() {
      return servers.size;
    },
    async close() {
      await Promise.all([...links.values()].map((link) => link.close()));
      servers.clear();
      metrics.brokerConnected.set(0);
    },
  };
}
