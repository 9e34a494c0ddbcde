import { isPattern, isTenant } from '@tidings/protocol';
import { DEFAULT_TENANT, type Grant } from './grant.ts';

/**
 * The grant that the claims of a verified token make (contract section 3), or `undefined` where one of them has a wrong
 * type or holds an illegal pattern: half a token is worth nothing. Unknown claims and members are ignored; only own
 * properties count, so that nothing is ever granted by a prototype. Does not look at the time.
 * @param defaultTenant of a token that names none.
 */
export function parseClaims(payload: object, defaultTenant: string = DEFAULT_TENANT): Grant | undefined {
  const rights = own(payload, 'tidings') === undefined ? {} : own(payload, 'tidings');
  if (!isRecord(rights)) return undefined;
  const grant = {
    user: own(payload, 'sub'),
    tenant: own(payload, 'tenant') === undefined ? defaultTenant : own(payload, 'tenant'),
    subscribe: own(rights, 'subscribe') === undefined ? [] : own(rights, 'subscribe'),
    publish: own(rights, 'publish') === undefined ? [] : own(rights, 'publish'),
    admin: own(rights, 'admin') === undefined ? false : own(rights, 'admin'),
    tokenId: own(payload, 'jti'),
    issuedAtSec: own(payload, 'iat'),
    expiresAtSec: own(payload, 'exp'),
  };
  return isGrant(grant) ? grant : undefined;
}

function own(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

function isGrant(claims: Record<keyof Grant, unknown>): claims is Record<keyof Grant, unknown> & Grant {
  return (
    isAbsentOr(isName, claims.user) &&
    isTenant(claims.tenant) &&
    isPatternList(claims.subscribe) &&
    isPatternList(claims.publish) &&
    typeof claims.admin === 'boolean' &&
    isAbsentOr(isName, claims.tokenId) &&
    isAbsentOr(Number.isFinite, claims.issuedAtSec) &&
    Number.isFinite(claims.expiresAtSec)
  );
}

function isAbsentOr(isLegal: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || isLegal(value);
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isPatternList(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string' && isPattern(entry));
}
