import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import type { Access, Authenticator, Grant, Revocation } from '@tidings/auth';
import { assertAdmin, authenticateWriter, CLOCK_SKEW_SEC, toRevocationEnd } from '@tidings/auth';
import type { Audit, RevocationList } from '@tidings/control';
import { TidingsError } from '@tidings/protocol';
import { type Clock, checkShape, type OwnCell, parseQuery, refuseUnknown, type ServiceApp } from '@tidings/runtime';
import { readJson } from './json-body.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import type { StateWrites } from './state-writes.ts';

export interface RevocationRouteParts {
  readonly revocations: RevocationList;
  readonly writes: StateWrites;
  readonly authenticator: Authenticator;
  readonly cell: OwnCell | undefined;
  readonly audit: Audit;
  readonly clock: Clock;
  /** No token lives longer. */
  readonly maxTokenAgeSec: number;
}

const MAX_BODY_BYTES = 16_384;

const name = z.string().min(1).max(1_024);
const revocationSchema = z
  .strictObject({
    jti: name.optional().openapi({ description: 'One token.' }),
    user: name.optional().openapi({ description: 'All tokens of a user that were issued until a moment.' }),
    issuedBefore: z
      .number()
      .min(0)
      .optional()
      .openapi({ description: 'That moment, in seconds since 1970: now by default.' }),
  })
  .openapi('Revocation');

const revocationRoute = createRoute({
  method: 'post',
  path: '/v1/revocations',
  tags: ['Sessions'],
  summary: 'Revoke a token, or all of a user',
  description: 'For admins, and for one’s own. Open streams of it close, and new ones are refused, on every edge.',
  security: [{ bearer: [] }],
  request: { body: { required: true, content: { 'application/json': { schema: revocationSchema } } } },
  responses: { 204: { description: 'Every node has it.' } },
});

/** Adds `POST /v1/revocations` (contract section 8). */
export function addRevocations(app: ServiceApp, parts: RevocationRouteParts, failures: Failures): void {
  const { authenticator } = parts;
  describeRoutes(app, [revocationRoute], failures);
  app.post('/v1/revocations', async (context) => {
    const { incoming, outgoing } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['access_token']);
    const access = await authenticateWriter(context, query, authenticator);
    parts.cell?.assertTenant(access.grant.tenant);
    const body = checkShape(
      revocationSchema,
      await readJson(incoming, outgoing as ServerResponse, MAX_BODY_BYTES),
      'pointer',
    );
    const revocation = toRevocation(body, access.grant, parts);
    authorise(revocation, access);
    if (!access.grant.admin) await parts.writes.take(access.grant);
    await parts.revocations.revoke(revocation);
    const revoked = 'jti' in revocation ? { tokenId: revocation.jti } : { user: revocation.user };
    parts.audit.record(context, { did: 'revoked', revoked });
    return new Response(null, { status: 204 });
  });
}

function toRevocation(
  { jti, user, issuedBefore }: z.infer<typeof revocationSchema>,
  { tenant }: Grant,
  { clock, maxTokenAgeSec }: RevocationRouteParts,
): Revocation {
  const nowSec = Math.floor(clock.now() / 1000);
  // A moment that is named has come, or the skew at most after now.
  const endsSec = toRevocationEnd(Math.max(nowSec, issuedBefore ?? 0), maxTokenAgeSec);
  if ((jti === undefined) === (user === undefined)) {
    throw new TidingsError('invalid-field', 'Name either a jti or a user.', { pointer: jti ? '/user' : '/jti' });
  }
  if (jti !== undefined) {
    if (issuedBefore === undefined) return { tenant, endsSec, jti };
    throw new TidingsError('invalid-field', 'issuedBefore goes with a user.', { pointer: '/issuedBefore' });
  }
  if (issuedBefore !== undefined && issuedBefore > nowSec + CLOCK_SKEW_SEC) {
    throw new TidingsError('invalid-field', 'issuedBefore has not come yet.', { pointer: '/issuedBefore' });
  }
  return { tenant, endsSec, user: user as string, issuedBeforeSec: issuedBefore ?? nowSec };
}

function authorise(revocation: Revocation, { grant }: Access): void {
  const isOwn = 'jti' in revocation ? revocation.jti === grant.tokenId : revocation.user === grant.user;
  if (!isOwn) assertAdmin(grant, 'Only an admin revokes what is not the caller’s own.');
}
