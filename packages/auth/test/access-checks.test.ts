import type { TidingsError } from '@tidings/protocol';
import { createMetrics, loadSettings } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Access, type AccessChecks, type Authenticator, createAuthenticator } from '../src/authenticator.ts';
import { createAccessControl } from '../src/from-settings.ts';
import type { Grant } from '../src/grant.ts';
import { encodeGrant, parseGrant } from '../src/grant-text.ts';
import { createSecretSource } from '../src/key-source.ts';
import { createRevocations, type Revocations } from '../src/revocations.ts';
import { createTicketText } from '../src/ticket.ts';
import { createVerifier } from '../src/verify.ts';
import { SECRET, sign } from './keys.ts';

let clock: ReturnType<typeof createFakeClock>;
let revocations: Revocations;
let tickets: Map<string, string>;
let reasons: string[];
let authenticator: Authenticator;

const nowSec = (): number => clock.now() / 1000;
const tokenOf = (claims: object = {}): Promise<string> =>
  sign({ sub: 'alice', jti: 'x', iat: nowSec(), exp: nowSec() + 60, ...claims });

/** Redeems as a store would: what was taken is gone. */
async function redeemTicket(ticket: string): Promise<Grant | undefined> {
  const text = tickets.get(ticket);
  tickets.delete(ticket);
  return text === undefined ? undefined : parseGrant(text);
}

function create(checks: AccessChecks): Authenticator {
  return createAuthenticator({
    verifier: createVerifier({ keys: [createSecretSource([SECRET])], clock }),
    allowedOrigins: new Set(),
    cookieName: 'tidings',
    production: false,
    clock,
    onRefusal: (reason) => reasons.push(reason),
    ...checks,
  });
}

beforeEach(() => {
  clock = createFakeClock();
  revocations = createRevocations(clock);
  tickets = new Map();
  reasons = [];
  authenticator = create({ isRevoked: revocations.isRevoked, redeemTicket });
});

type Place = 'header' | 'cookie' | 'query';

function ask(text: string, place: Place, by: Authenticator = authenticator, softly = false): Promise<Access> {
  const authorization = `Bearer ${text}`;
  const head = {
    header: { headers: { authorization }, rawHeaders: ['Authorization', authorization] },
    cookie: { headers: { cookie: `tidings=${text}`, 'sec-fetch-site': 'same-origin' }, rawHeaders: [] },
    query: { headers: {}, rawHeaders: [] },
  }[place];
  const query = new Map(place === 'query' ? [['access_token', [text]]] : []);
  return softly ? by.authenticateSoftly(head, query) : by.authenticate(head, query);
}

const refusalOf = (asked: Promise<Access>): Promise<TidingsError> =>
  asked.then(
    () => expect.unreachable() as never,
    (error: TidingsError) => error,
  );

async function expectTheSame401(asked: Promise<Access>): Promise<void> {
  const { code, message, details, cause } = await refusalOf(asked);
  const { code: sameCode, message: sameMessage, details: sameDetails } = authenticator.expiredToken();
  reasons.pop();
  expect({ code, message, details, cause }).toEqual({
    code: sameCode,
    message: sameMessage,
    details: sameDetails,
    cause: undefined,
  });
}

const aTicketFor = (grant: Grant): string => {
  const ticket = createTicketText();
  tickets.set(ticket, encodeGrant(grant));
  return ticket;
};

describe('a revoked token', () => {
  const PLACES = ['header', 'cookie', 'query'] as const;

  it.each(PLACES)('section 8: in the %s it is 401 like any other, also when it was verified before', async (place) => {
    const token = await tokenOf();
    expect(await ask(token, place)).toMatchObject({ grant: { user: 'alice' }, from: place, fromTicket: false });
    revocations.add({ tenant: 'default', jti: 'x', endsSec: nowSec() + 60 });
    await expectTheSame401(ask(token, place));
    await expectTheSame401(ask(token, place, authenticator, true));
    expect(reasons).toEqual(['revoked', 'revoked']);
  });

  it('section 8: all of a user are, and one that was issued after that is not', async () => {
    const token = await tokenOf({ jti: undefined });
    revocations.add({ tenant: 'default', user: 'alice', issuedBeforeSec: nowSec(), endsSec: nowSec() + 60 });
    await expectTheSame401(ask(token, 'header'));
    clock.advance(1_000);
    expect((await ask(await tokenOf(), 'header')).grant.user).toBe('alice');
    expect((await ask(await tokenOf({ sub: 'bob' }), 'header')).grant.user).toBe('bob');
  });

  it('section 4: gets no soft answer once it has expired too', async () => {
    const token = await tokenOf();
    clock.advance(70_000);
    expect(await ask(token, 'query', authenticator, true)).toMatchObject({ expired: true });
    revocations.add({ tenant: 'default', jti: 'x', endsSec: nowSec() + 60 });
    await expectTheSame401(ask(token, 'query', authenticator, true));
    expect(reasons).toEqual(['revoked']);
  });

  it('is not asked about for a token that is not valid, nor can a request without one be revoked', async () => {
    const asked: Grant[] = [];
    const by = create({ isRevoked: (grant) => asked.push(grant) > 0 });
    await refusalOf(ask('a.b.c', 'header', by));
    expect(asked).toEqual([]);
    const { anonymous } = await by.authenticate({ headers: {}, rawHeaders: [] }, new Map());
    expect(anonymous).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe('a ticket', () => {
  const grantOf = async (claims: object = {}): Promise<Grant> => (await ask(await tokenOf(claims), 'header')).grant;

  it('section 3: in the query gives the very grant of its token, once', async () => {
    const grant = await grantOf({ tenant: 'acme', tidings: { subscribe: ['a.>'], admin: true } });
    const ticket = aTicketFor(grant);
    expect(await ask(ticket, 'query')).toEqual({
      grant,
      anonymous: false,
      from: 'query',
      fromTicket: true,
      expired: false,
    });
    await expectTheSame401(ask(ticket, 'query'));
    await expectTheSame401(ask(ticket, 'query', authenticator, true));
    expect(reasons).toEqual(['used-ticket', 'used-ticket']);
  });

  it('section 3: that was never given is 401 like any token', async () => {
    await expectTheSame401(ask(createTicketText(), 'query'));
    expect(reasons).toEqual(['used-ticket']);
  });

  it.each(['header', 'cookie'] as const)('section 3: in the %s is but a bad token, and not used up', async (place) => {
    const ticket = aTicketFor(await grantOf());
    await expectTheSame401(ask(ticket, place));
    expect(reasons).toEqual(['malformed']);
    expect(tickets.has(ticket)).toBe(true);
  });

  it('section 3: behind a token in a place that comes first is not used up', async () => {
    const ticket = aTicketFor(await grantOf());
    const authorization = `Bearer ${await tokenOf()}`;
    const head = { headers: { authorization }, rawHeaders: ['Authorization', authorization] };
    const access = await authenticator.authenticate(head, new Map([['access_token', [ticket]]]));
    expect(access).toMatchObject({ from: 'header', fromTicket: false });
    expect(tickets.has(ticket)).toBe(true);
  });

  it('section 3: ends with its token, without any skew, and never softly', async () => {
    const grant = await grantOf();
    const [early, late] = [aTicketFor(grant), aTicketFor(grant)];
    clock.advance(59_999);
    expect(await ask(early, 'query')).toMatchObject({ fromTicket: true });
    clock.advance(1);
    await expectTheSame401(ask(late, 'query', authenticator, true));
    expect(reasons).toEqual(['expired']);
  });

  it('section 8: of a revoked token is 401, though it was given before', async () => {
    const ticket = aTicketFor(await grantOf());
    revocations.add({ tenant: 'default', jti: 'x', endsSec: nowSec() + 60 });
    await expectTheSame401(ask(ticket, 'query'));
    expect(reasons).toEqual(['revoked']);
  });

  it('is a bad token where nobody redeems tickets, and 503 where the store can not say', async () => {
    await expectTheSame401(ask(createTicketText(), 'query', create({})));
    expect(reasons).toEqual(['malformed']);
    const down = Object.assign(new Error('down'), { code: 'unavailable' });
    const error = await refusalOf(
      ask(createTicketText(), 'query', create({ redeemTicket: () => Promise.reject(down) })),
    );
    expect(error).toBe(down);
    expect(reasons).toEqual(['malformed']);
  });
});

it('createAccessControl passes the checks on, and counts their refusals', async () => {
  const metrics = createMetrics();
  const checks = { isRevoked: revocations.isRevoked, redeemTicket };
  const access = createAccessControl(loadSettings({}), [SECRET], metrics, clock, checks);
  revocations.add({ tenant: 'default', jti: 'x', endsSec: nowSec() + 60 });
  await refusalOf(ask(await tokenOf(), 'header', access.authenticator));
  await refusalOf(ask(createTicketText(), 'query', access.authenticator));
  const text = await metrics.text();
  for (const reason of ['revoked', 'used-ticket']) {
    expect(text).toContain(`tidings_auth_failures_total{reason="${reason}"} 1`);
  }
});
