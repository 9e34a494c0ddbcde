import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClientAddress } from '../src/client-address.ts';

const PROXIES = ['10.0.0.0/8', '192.168.1.1', 'fd00::/8', '::1'];

describe('createClientAddress', () => {
  it.each([
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['a peer that is no proxy', '8.8.8.8', '6.6.6.6', '8.8.8.8'],
    ['one hop', '10.0.0.1', '6.6.6.6', '6.6.6.6'],
    ['a forged hop to the left', '10.0.0.1', '1.1.1.1, 6.6.6.6', '6.6.6.6'],
    ['a forged hop that names a proxy', '10.0.0.1', '10.9.9.9, 6.6.6.6', '6.6.6.6'],
    ['two proxies', '10.0.0.1', '6.6.6.6, 10.0.0.2', '6.6.6.6'],
    ['proxies only', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no blanks', '10.0.0.1', '1.1.1.1,6.6.6.6', '6.6.6.6'],
    ['an IPv6 client', '10.0.0.1', '2001:db8::1', '2001:db8::1'],
    ['an IPv6 proxy', 'fd00::5', '6.6.6.6', '6.6.6.6'],
    ['a proxy on a dual-stack socket', '::ffff:10.0.0.1', '6.6.6.6', '6.6.6.6'],
    ['a client on a dual-stack socket', '::ffff:8.8.8.8', undefined, '8.8.8.8'],
    ['a mapped hop', '10.0.0.1', '::ffff:6.6.6.6', '6.6.6.6'],
    ['a mapped proxy among the hops', '10.0.0.1', '6.6.6.6, ::FFFF:10.0.0.2', '6.6.6.6'],
    ['a proxy by its own address', '192.168.1.1', '6.6.6.6', '6.6.6.6'],
    ['a neighbour of that proxy', '192.168.1.2', '6.6.6.6', '192.168.1.2'],
    ['a word', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['a port behind the address', '10.0.0.1', '6.6.6.6:1234', '10.0.0.1'],
    ['noise left of the client', '10.0.0.1', '<script>, 6.6.6.6', '6.6.6.6'],
    ['noise right of the client', '10.0.0.1', '6.6.6.6, x', '10.0.0.1'],
    ['a zone', '10.0.0.1', 'fe80::1%eth0', 'fe80::1%eth0'],
    ['a peer that is gone', undefined, '6.6.6.6', ''],
    ['a socket without an address', '', '6.6.6.6', ''],
  ])('hardening section 1: %s', (_name, remote, forwarded, address) => {
    expect(createClientAddress(PROXIES)(remote, forwarded)).toBe(address);
  });

  it('hardening section 1: without trusted proxies nothing that is forged counts', () => {
    const clientAddress = createClientAddress([]);
    fc.assert(fc.property(fc.string(), (forged) => clientAddress('127.0.0.1', forged) === '127.0.0.1'));
  });

  it('hardening section 1: whatever stands left of what our proxy added changes nothing, and nothing throws', () => {
    const clientAddress = createClientAddress(PROXIES);
    const hop = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom('10.0.0.1', 'fe80::1%eth0', '::ffff:a00:1'),
    );
    fc.assert(
      fc.property(fc.array(hop), (forged) => clientAddress('10.0.0.1', [...forged, '6.6.6.6'].join(',')) === '6.6.6.6'),
    );
    fc.assert(fc.property(hop, fc.string(), (remote, forged) => typeof clientAddress(remote, forged) === 'string'));
  });

  it.each([
    'x',
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0',
    'fd00::/129',
    '0/0',
    '10.0.0.0/1e1',
  ])('refuses %j as a proxy, and says so', (entry) => {
    expect(() => createClientAddress([entry])).toThrow(TypeError);
    expect(() => createClientAddress([entry])).toThrow(`"${entry}"`);
  });

  it.each([
    ['0.0.0.0/0', '1.2.3.4'],
    ['::/0', '2001:db8::1'],
    ['10.1.2.3/32', '10.1.2.3'],
  ])('takes the range %s', (range, remote) => {
    expect(createClientAddress([range])(remote, '6.6.6.6')).toBe('6.6.6.6');
  });
});
