import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

/** Key pairs of the tests, made anew for each run: no private key lies in the repository. */
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ed = generateKeyPairSync('ed25519');

export const SECRET = 'a secret of the tests, 32 bytes or more';
export const OTHER_SECRET = 'another secret of the tests, also long enough';

/** The public half as PEM text. */
export function toPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** A token signed with anything, under any header. */
export function sign(
  payload: object,
  key: KeyObject | string = SECRET,
  header: { alg: string; [name: string]: unknown } = { alg: 'HS256' },
): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader(header).sign(typeof key === 'string' ? Buffer.from(key) : key);
}

/** A token in compact form made of plain texts; the signature is whatever is given. */
export function assemble(header: string, payload: string, signature: string | Buffer = ''): string {
  return [header, payload, signature].map((part) => Buffer.from(part).toString('base64url')).join('.');
}
