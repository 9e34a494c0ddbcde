import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toNetwork } from '../../src/limit/address-network.ts';

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['', ''],
  ['no address', 'no address'],
])('%j counts as %j', (address, network) => {
  expect(toNetwork(address)).toBe(network);
});

it('every address of an IPv6 network of 64 bits counts as one, and no other does', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
      const expected = fourGroups(one) === fourGroups(other);
      expect(toNetwork(one) === toNetwork(other)).toBe(expected);
      expect(toNetwork(one)).toBe(toNetwork(one.toUpperCase()));
    }),
  );
});

// The parser of URLs writes addresses in one way.
function fourGroups(address: string): string {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right].slice(0, 4).join(':');
}
