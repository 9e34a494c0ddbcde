import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { assertPublicHost, createGuardedLookup, isPublicAddress } from '../src/address-guard.ts';

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '198.18.0.1',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '::7f00:1',
  '::a00:1',
  '64:ff9b:1::a00:1',
  'fec0::1',
  'not an address',
])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

test.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14'])(
  '%s is public',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  'http://127.1/',
  'http://0x7f000001/',
  'http://2130706433/',
  'http://[::1]/',
  'http://[::ffff:a00:1]/',
  'http://[::127.0.0.1]/',
])('an address in a URL is looked at however it is written: %s', (url) =>
  expect(() => assertPublicHost(new URL(url))).toThrow('not public'),
);

/** What a connection is told when the name has these addresses. */
const lookUp = (addresses: readonly string[], all: boolean): Promise<unknown> => {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const resolve = ((_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) =>
    done(null, found)) as unknown as Parameters<typeof createGuardedLookup>[0];
  return new Promise((settle) => {
    createGuardedLookup(resolve)('a.example', { all }, (error, address) => settle(error?.message ?? address));
  });
};

test('a name is refused for one address that is not public, and is else what it is', async () => {
  expect(await lookUp(['93.184.215.14', '10.0.0.1'], true)).toMatch('not public');
  expect(await lookUp(['::1'], false)).toMatch('not public');
  expect(await lookUp(['93.184.215.14'], false)).toBe('93.184.215.14');
  expect(await lookUp(['93.184.215.14'], true)).toEqual([{ address: '93.184.215.14', family: 4 }]);
});
