import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import type { Clock } from '@tidings/runtime';
import { faultOf } from '../../fault.ts';
import type { Check } from '../check.ts';
import { type Finding, failed, ok, warning } from '../finding.ts';
import { type Host, hostsOf, hostText } from '../host.ts';

/** What became of the name and of each of its addresses. */
export interface AddressSeen {
  readonly host: Host;
  readonly dnsFault?: string;
  readonly connections: readonly { readonly address: string; readonly fault?: string }[];
}

const MOST_ADDRESSES = 6;
// This machine has no way there at all, which says nothing about the deployment.
const NO_ROUTE = /ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT/;

export function judgeAddress({ host, dnsFault, connections }: AddressSeen): Finding {
  const where = hostText(host);
  if (dnsFault !== undefined) {
    return failed(`${host.name} has no address: ${dnsFault}.`, 'Check the name in --url, and its A and AAAA records.');
  }
  const bad = connections.filter(({ fault }) => fault !== undefined);
  const good = connections.filter(({ fault }) => fault === undefined).map(({ address }) => address);
  if (good.length === 0) {
    const reasons = [...new Set(bad.map(({ fault }) => fault))].join('; ');
    return failed(`Nobody answers at ${where}: ${reasons}.`, adviceFor(reasons));
  }
  const reached = `${where} answers at ${good.join(', ')}.`;
  const dead = bad.filter(({ address, fault }) => !(address.includes(':') && NO_ROUTE.test(fault ?? '')));
  if (dead.length === 0 || host.loopback) return ok(reached);
  const list = dead.map(({ address, fault }) => `${address} does not (${fault})`).join(', ');
  return warning(
    `${reached} But ${list}: clients that try it first wait.`,
    'Take the address out of the DNS, or let the proxy listen on it too.',
  );
}

function adviceFor(reasons: string): string {
  return reasons.includes('ECONNREFUSED')
    ? 'Start the service, or check PORT and HOST (127.0.0.1 unless set: reached from its own machine alone), and the port of the proxy.'
    : 'Something drops what is sent there: check firewalls and security groups for this port, and the route.';
}

async function look(host: Host, timeoutMs: number, clock: Clock): Promise<AddressSeen> {
  try {
    const addresses = (await lookup(host.name, { all: true })).slice(0, MOST_ADDRESSES);
    const connections = addresses.map(({ address }) => tryToConnect(address, host.port, timeoutMs, clock));
    return { host, connections: await Promise.all(connections) };
  } catch (error) {
    return { host, dnsFault: faultOf(error), connections: [] };
  }
}

function tryToConnect(
  address: string,
  port: number,
  timeoutMs: number,
  clock: Clock,
): Promise<AddressSeen['connections'][number]> {
  return new Promise((resolve) => {
    const finish = (fault?: string): void => {
      timer.cancel();
      socket.destroy();
      resolve(fault === undefined ? { address } : { address, fault });
    };
    const socket = connect({ host: address, port }, () => finish());
    socket.on('error', (error) => finish((error as NodeJS.ErrnoException).code ?? error.message));
    const timer = clock.after(timeoutMs, () => finish(`no answer within ${timeoutMs / 1_000} s`));
  });
}

/** The name has addresses, and something accepts connections there. */
export const addressCheck: Check = {
  id: 'address',
  needs: [],
  async run({ deployment, patience, clock }) {
    const seen = hostsOf(deployment).map((host) => look(host, patience.answerMs, clock));
    return (await Promise.all(seen)).map(judgeAddress);
  },
};
