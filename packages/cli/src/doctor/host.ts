import { isIP } from 'node:net';
import type { Deployment } from '../deployment.ts';

/** A host and port of the deployment. */
export interface Host {
  readonly name: string;
  readonly port: number;
  readonly secure: boolean;
  /** It is this machine: no proxy and no network lies in between. */
  readonly loopback: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

export function toHost(url: string): Host {
  const { hostname, port, protocol } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  return { name, port: port === '' ? (secure ? 443 : 80) : Number(port), secure, loopback: LOOPBACK.test(name) };
}

/** The hosts of the edge and the ingest; one where they are the same. */
export function hostsOf({ url, ingestUrl }: Deployment): readonly Host[] {
  const hosts = [toHost(url), toHost(ingestUrl)];
  return new URL(url).origin === new URL(ingestUrl).origin ? hosts.slice(0, 1) : hosts;
}

/** As it stands in a URL. */
export const hostText = ({ name, port }: Pick<Host, 'name' | 'port'>): string =>
  `${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
