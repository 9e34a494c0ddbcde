import { createPublicKey, type KeyObject, subtle, type webcrypto } from 'node:crypto';
import type { Clock } from '@tidings/runtime';
import { createRemoteKeySource } from './remote-keys.ts';

/** The part of a token's header that picks a key; both values are the sender's claim and trusted for nothing else. */
export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

/**
 * Where verification keys come from. A source is asked only for its own algorithms, and each key is used with those
 * alone, so that no public key is ever taken for an HMAC secret (RFC 8725 section 3.1).
 */
export interface KeySource {
  readonly algorithms: readonly string[];
  /**
   * Number of the key set in force: it changes whenever a key may have gone. While it is `undefined`, or where it is left
   * out, nothing that these keys verify is remembered.
   */
  readonly edition?: number | undefined;
  /**
   * The keys that may have signed a token with this hint, best first; empty when none fits.
   * @throws TidingsError `unavailable` when keys can't be fetched.
   */
  keysFor(hint: KeyHint): Promise<readonly VerificationKey[]>;
}

export type VerificationKey = KeyObject | webcrypto.CryptoKey;

export interface KeySettings {
  /** HS256 secrets of 32 or more bytes as UTF-8; the first mints, the others are still accepted. */
  readonly secrets?: readonly string[] | undefined;
  /** One public key as PEM text. */
  readonly publicKeyPem?: string | undefined;
  readonly jwksUrl?: string | undefined;
}

/** The fewest bytes of an HS256 secret (RFC 7518 section 3.2). */
export const MIN_SECRET_BYTES = 32;

const MIN_RSA_BITS = 2048;

/** Of keys that stay for as long as the process. */
const ONLY_EDITION = 1;

/**
 * The key sources of a configuration, those that need no network first.
 * @throws TypeError when a key is bad or there is none; the message never contains a secret.
 */
export function createKeySources(settings: KeySettings, clock: Clock): readonly KeySource[] {
  const sources: KeySource[] = [];
  if (settings.secrets !== undefined && settings.secrets.length > 0) sources.push(createSecretSource(settings.secrets));
  if (settings.publicKeyPem !== undefined) sources.push(createPemSource(settings.publicKeyPem));
  if (settings.jwksUrl !== undefined) sources.push(createRemoteKeySource(settings.jwksUrl, clock));
  if (sources.length === 0) throw new TypeError('No key is configured: give a secret, a public key or a JWKS URL.');
  return sources;
}

/**
 * HS256 secrets, all tried for each token, so that a new one can be put in front while tokens of the old one live.
 * @throws TypeError as `toSecretBytes`.
 */
export function createSecretSource(secrets: readonly string[]): KeySource {
  const bytes = secrets.map((secret, place) => toSecretBytes(secret, `Secret ${place + 1} of ${secrets.length}`));
  // Imported once: given as bytes, each secret would be imported again for every token.
  const keys = Promise.all(
    bytes.map((raw) => subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])),
  );
  return { algorithms: ['HS256'], edition: ONLY_EDITION, keysFor: () => keys };
}

/**
 * An HS256 secret as bytes.
 * @param name how the message calls it.
 * @throws TypeError when it is shorter than 32 bytes, or a PEM key, which is no secret.
 */
export function toSecretBytes(secret: string, name = 'The secret'): Uint8Array {
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new TypeError(`${name} has ${bytes.length} bytes: HS256 needs ${MIN_SECRET_BYTES} or more.`);
  }
  if (secret.includes('-----BEGIN ')) throw new TypeError(`${name} is a PEM key: configure it as the public key.`);
  return bytes;
}

/**
 * One public key: RSA of 2048+ bits (RS256, PS256), EC on P-256 (ES256) or Ed25519 (EdDSA).
 * @throws TypeError for anything else; private keys are refused because they have no business on this machine.
 */
export function createPemSource(pem: string): KeySource {
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label);
  if (labels.some((label) => label?.endsWith('PRIVATE KEY'))) {
    throw new TypeError('The public key is a private key: configure the public half (openssl pkey -pubout).');
  }
  if (labels.length > 1) throw new TypeError('The PEM text holds several keys: give one, or a JWKS URL for rotation.');
  if (!labels[0]?.endsWith('PUBLIC KEY')) {
    throw new TypeError('The public key is not PEM text that starts with -----BEGIN PUBLIC KEY-----.');
  }
  const key = readPublicKey(pem);
  return { algorithms: algorithmsOf(key), edition: ONLY_EDITION, keysFor: async () => [key] };
}

function readPublicKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    // Without the cause: what OpenSSL says of a broken file helps nobody.
    throw new TypeError('The public key can not be read: its PEM text is damaged.');
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'rsa' && modulusLength >= MIN_RSA_BITS) return ['RS256', 'PS256'];
  if (type === 'rsa') throw new TypeError(`The RSA key has ${modulusLength} bits: ${MIN_RSA_BITS} or more are needed.`);
  if (type === 'ec' && namedCurve === 'prime256v1') return ['ES256'];
  if (type === 'ed25519') return ['EdDSA'];
  throw new TypeError(`A public key of type ${namedCurve ?? type} is not supported: use RSA, EC P-256 or Ed25519.`);
}
