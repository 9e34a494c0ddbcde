import { BlockList, isIP } from 'node:net';

/** Finds the address of the client behind the proxies that are trusted, and only behind those. */
export type ClientAddress = (remoteAddress: string | undefined, forwardedFor: string | undefined) => string;

/**
 * Reads `X-Forwarded-For` from the right, past trusted proxies; the first address that is not one is the client's. A
 * client can forge what stands to the left of that, never what our own proxies add.
 * @param trusted addresses or CIDR ranges, such as `10.0.0.0/8`.
 * @throws TypeError for an entry that is neither.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const proxies = new BlockList();
  for (const entry of trusted) addProxy(proxies, entry);
  const isProxy = (address: string): boolean => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (remoteAddress, forwardedFor) => {
    let address = plain(remoteAddress ?? '');
    if (isIP(address) === 0 || forwardedFor === undefined || !isProxy(address)) return address;
    for (const hop of forwardedFor.split(',').reverse()) {
      const next = plain(hop.trim());
      if (isIP(next) === 0) return address;
      address = next;
      if (!isProxy(address)) return address;
    }
    return address;
  };
}

// A dual-stack socket shows IPv4 peers as ::ffff:10.0.0.1.
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

function addProxy(proxies: BlockList, entry: string): void {
  const [address = '', bits, ...others] = entry.split('/');
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || others.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
    throw new TypeError(`"${entry}" is neither an IP address nor a CIDR range such as 10.0.0.0/8`);
  }
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) proxies.addAddress(address, kind);
  else proxies.addSubnet(address, Number(bits), kind);
}
