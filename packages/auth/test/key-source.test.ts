import { generateKeyPairSync } from 'node:crypto';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createKeySources, createPemSource, createSecretSource } from '../src/key-source.ts';
import { ec, ed, OTHER_SECRET, rsa, SECRET, toPem } from './keys.ts';

const clock = createFakeClock();

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  throw new Error('nothing was thrown');
}

describe('createPemSource', () => {
  it.each([
    ['RSA', rsa.publicKey, ['RS256', 'PS256']],
    ['EC P-256', ec.publicKey, ['ES256']],
    ['Ed25519', ed.publicKey, ['EdDSA']],
  ])('section 3: takes an %s key for its own algorithms alone', (_name, key, algorithms) => {
    expect(createPemSource(`\n${toPem(key)}\n`).algorithms).toEqual(algorithms);
  });

  it('takes an RSA key in PKCS #1 form', () => {
    const pem = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(createPemSource(pem).algorithms).toEqual(['RS256', 'PS256']);
  });

  it.each([
    ['text that is no PEM', () => 'hello', 'is not PEM text'],
    ['an empty text', () => '', 'is not PEM text'],
    ['a damaged key', () => toPem(rsa.publicKey).replace(/M/g, 'x'), 'its PEM text is damaged'],
    ['a private key', () => rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'is a private key'],
    ['two keys', () => toPem(ec.publicKey) + toPem(ed.publicKey), 'holds several keys'],
    ['a certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'is not PEM text'],
    ['a short RSA key', () => toPem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), 'has 1024 bits'],
    [
      'another curve',
      () => toPem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      'secp384r1 is not supported',
    ],
    ['a key for agreement', () => toPem(generateKeyPairSync('x25519').publicKey), 'x25519 is not supported'],
  ])('refuses %s', (_name, pem, message) => {
    expect(messageOf(() => createPemSource(pem()))).toContain(message);
  });

  it('never repeats the text of a private key', () => {
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(messageOf(() => createPemSource(pem))).not.toContain(pem.split('\n')[1]);
  });
});

describe('createSecretSource', () => {
  it('section 3: refuses a secret under 32 bytes, says which, and does not repeat it', () => {
    const message = messageOf(() => createSecretSource([SECRET, 'x'.repeat(31)]));
    expect(message).toBe('Secret 2 of 2 has 31 bytes: HS256 needs 32 or more.');
    expect(createSecretSource(['é'.repeat(16)]).algorithms).toEqual(['HS256']);
  });

  it('refuses a public key as a secret: everybody knows it', () => {
    expect(messageOf(() => createSecretSource([toPem(rsa.publicKey)]))).toContain('is a PEM key');
  });
});

describe('createKeySources', () => {
  it('puts the sources that need no network first', () => {
    const settings = {
      secrets: [SECRET, OTHER_SECRET],
      publicKeyPem: toPem(ec.publicKey),
      jwksUrl: 'https://id.example/keys',
    };
    expect(createKeySources(settings, clock).map(({ algorithms }) => algorithms[0])).toEqual([
      'HS256',
      'ES256',
      'RS256',
    ]);
  });

  it.each([{}, { secrets: [] }])('refuses the settings %j: no key at all', (settings) => {
    expect(messageOf(() => createKeySources(settings, clock))).toContain('No key is configured');
  });

  it.each(['hush', 'ftp://id.example/hush', 'file:///hush', 'https://me:hush@id.example/'])(
    'refuses the JWKS URL %s without repeating it',
    (jwksUrl) => {
      expect(messageOf(() => createKeySources({ jwksUrl }, clock))).not.toContain('hush');
    },
  );
});
