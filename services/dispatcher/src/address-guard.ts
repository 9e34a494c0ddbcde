import { lookup as lookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The endpoint is at an address where nothing of the public internet is. */
class RefusedAddressError extends Error {
  constructor() {
    super('the endpoint is at an address that is not public');
    this.name = 'RefusedAddressError';
  }
}

// Deprecated, and not among the ranges of the library.
const IPV4_COMPATIBLE = ipaddr.IPv6.parse('::');

/**
 * Whether an address is one of the public internet (IANA's registries of special addresses): not loopback, private,
 * link-local and with it where clouds answer about a machine, carrier-grade NAT, multicast, or one of these within IPv6.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // `process` unwraps an IPv4 address that is mapped into IPv6.
  const found = ipaddr.process(address);
  return found.range() === 'unicast' && !(found instanceof ipaddr.IPv6 && found.match(IPV4_COMPATIBLE, 96));
}

/** @throws RefusedAddressError where the URL names an address itself, for which nobody looks up a name. */
export function assertPublicHost({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(address) && !isPublicAddress(address)) throw new RefusedAddressError();
}

/**
 * Looks a name up for the connection that is about to be made: what is checked is what is dialled, so that a name that
 * changes in between gains nothing. One address that is not public refuses the name.
 */
export function createGuardedLookup(resolve: typeof lookUp = lookUp): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      if (!addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new RefusedAddressError(), '', 0);
      const [first] = addresses;
      if (options.all || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
