import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { createSignature, type Provider } from '../../src/hook/signature.ts';

// The library of Standard Webhooks looks at the clock of the machine itself.
const NOW_SEC = Math.floor(Date.now() / 1_000);
const RAW = Buffer.from('a secret of this test');
const HEX = 'a secret of this test';
const hmac = (...pieces: (string | Buffer)[]): Buffer =>
  pieces.reduce<ReturnType<typeof createHmac>>((made, piece) => made.update(piece), createHmac('sha256', RAW)).digest();

interface Kind {
  readonly provider: Provider;
  readonly secret: string;
  readonly names: readonly string[];
  sign(body: Buffer, sec: number): Record<string, string>;
}

const KINDS: readonly Kind[] = [
  {
    provider: 'github',
    secret: HEX,
    names: ['x-hub-signature-256'],
    sign: (body) => ({ 'x-hub-signature-256': `sha256=${hmac(body).toString('hex')}` }),
  },
  {
    provider: 'stripe',
    secret: HEX,
    names: ['stripe-signature'],
    sign: (body, sec) => ({ 'stripe-signature': `t=${sec},v1=${hmac(`${sec}.`, body).toString('hex')}` }),
  },
  {
    provider: 'standard',
    secret: `whsec_${RAW.toString('base64')}`,
    names: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    sign: (body, sec) => ({
      'webhook-id': 'm1',
      'webhook-timestamp': `${sec}`,
      'webhook-signature': `v1,${hmac(`m1.${sec}.`, body).toString('base64')}`,
    }),
  },
];

// What is no UTF-8 is refused whoever signed it.
const bytes = anyText({ maxLength: 60 }).map((text) => Buffer.from(text));
// Pieces of what the headers are made of, in any order.
const pieces = fc.array(
  fc.constantFrom(
    't=',
    'v1=',
    'v1,',
    'v0=',
    'sha256=',
    ',',
    ' ',
    '=',
    `${NOW_SEC}`,
    'ab'.repeat(32),
    'A'.repeat(43),
    '\u00ff',
  ),
  { maxLength: 12 },
);
const hex = fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f'), maxLength: 70 });
const prefix = fc.constantFrom('sha256=', `t=${NOW_SEC},v1=`, 'v1,');
const header = fc.oneof(
  fc.tuple(prefix, hex).map((parts) => parts.join('')),

  anyText({ maxLength: 40 }),
  pieces.map((all) => all.join('')),
);

describe.each(KINDS)('a signature of $provider', ({ provider, secret, names, sign }) => {
  const verify = createSignature(
    provider,
    ['another', secret].map((each) => (provider === 'standard' ? secret : each)),
  );
  const at = (headers: Record<string, string>, body: Buffer) => verify({ headers, body, nowMs: NOW_SEC * 1_000 });

  test('counts over any body, and over no other', () => {
    fc.assert(
      fc.property(bytes, bytes, (body, other) => {
        const headers = sign(body, NOW_SEC);
        expect(at(headers, body)).toBe(undefined);
        if (!body.equals(other)) expect(at(headers, other)).toBe('wrong');
        const flipped = Buffer.from(body);
        // Of ASCII alone it stays UTF-8.
        const isFlipped = (flipped[0] ?? 128) < 128;
        if (isFlipped) flipped[0] = (flipped[0] as number) ^ 1;
        if (isFlipped) expect(at(headers, flipped)).toBe('wrong');
      }),
    );
  });

  test('is none, and breaks nothing, whatever its headers hold', () => {
    fc.assert(
      fc.property(bytes, fc.array(header, { minLength: 3, maxLength: 3 }), fc.nat(7), (body, values, kept) => {
        const right: Record<string, string> = sign(body, NOW_SEC);
        // Some of them as they should be.
        const headers = Object.fromEntries(
          names.map((name, place) => [name, (kept >> place) & 1 ? (right[name] as string) : (values[place] as string)]),
        );
        const isRight = names.every((name) => headers[name] === right[name]);
        const fault = at(headers, body);
        if (isRight) expect(fault).toBe(undefined);
        else expect(['missing', 'malformed', 'stale', 'wrong']).toContain(fault);
        expect(at({}, body)).toBe('missing');
      }),
    );
  });

  test('that has a time counts within five minutes of it, on both sides', () => {
    fc.assert(
      // The second in which the test runs may end meanwhile.
      fc.property(fc.oneof(fc.integer({ min: -290, max: 290 }), fc.constantFrom(-400, -310, 310, 400)), (off) => {
        const body = Buffer.from('{}');
        const isLate = provider !== 'github' && Math.abs(off) > 300;
        expect(at(sign(body, NOW_SEC + off), body)).toBe(isLate ? 'stale' : undefined);
      }),
    );
  });
});
