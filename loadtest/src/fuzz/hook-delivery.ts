import { createHmac } from 'node:crypto';
import type { Field } from '@tidings/runtime/testing';
import type { Chance } from '../chaos/chance.ts';
import type { HttpRequest } from './http-request.ts';
import { oddJson, oddText } from './odd-value.ts';

/** A webhook as a provider sends it, or as somebody does who only says that he is one. */
interface Delivery {
  readonly request: HttpRequest;
  readonly what: string;
  /** Its signature is not right: nobody may take it. */
  readonly refused: boolean;
}

const SECRET = 'fuzz-hook-secret-2e6b90d4c1a7';
const WHSEC = `whsec_${Buffer.from(SECRET).toString('base64')}`;
/** What no reply and no log line may hold. */
export const HOOK_SECRETS: readonly string[] = [SECRET, WHSEC.slice(6)];
/** Of the services, for the file below. */
export const HOOK_ENV: Readonly<Record<string, string>> = { FUZZ_HOOK_SECRET: SECRET, FUZZ_HOOK_WHSEC: WHSEC };

/** A hook of each provider, with rules that reach deep into what comes. */
export const HOOKS_FILE: string = JSON.stringify({
  hooks: [
    {
      name: 'fuzz-github',
      provider: 'github',
      secret: { env: 'FUZZ_HOOK_SECRET' },
      tenant: 'fuzz',
      topic: 'fuzz.{/a}.{header:x-kind}',
      event: '{/b/0}',
      data: '/c',
    },
    {
      name: 'fuzz-stripe',
      provider: 'stripe',
      secret: { env: 'FUZZ_HOOK_SECRET' },
      tenant: 'fuzz',
      topic: '{/a}',
      event: 'x{/b}',
      id: '{/c}',
    },
    {
      name: 'fuzz-standard',
      provider: 'standard',
      secret: { env: 'FUZZ_HOOK_WHSEC' },
      tenant: 'fuzz',
      topic: 'user.{/a}',
      event: '{/b/__proto__}{/b}',
    },
  ],
});

const digest = (text: string): Buffer => createHmac('sha256', SECRET).update(text).digest();

type Sign = (body: string, id: string, nowSec: number) => readonly Field[];

const SIGN: Readonly<Record<string, Sign>> = {
  'fuzz-github': (body, id) => [
    ['X-Hub-Signature-256', `sha256=${digest(body).toString('hex')}`],
    ['X-GitHub-Delivery', id],
  ],
  'fuzz-stripe': (body, _id, nowSec) => [
    ['Stripe-Signature', `t=${nowSec},v1=${digest(`${nowSec}.${body}`).toString('hex')}`],
  ],
  'fuzz-standard': (body, id, nowSec) => [
    ['webhook-id', id],
    ['webhook-timestamp', `${nowSec}`],
    ['webhook-signature', `v1,${digest(`${id}.${nowSec}.${body}`).toString('base64')}`],
  ],
};

/** What becomes of the fields with the signature, so that it is none any more. */
const SPOIL: readonly ((fields: readonly Field[], chance: Chance) => readonly Field[])[] = [
  () => [],
  (fields, chance) => fields.map(([name]) => [name, toFieldValue(oddText(chance))]),
  (fields) => fields.map(([name, value]) => [name, value.replaceAll(/[0-9a-f]{4}/g, 'beef')]),
  (fields) => fields.map(([name, value]) => [name, value.slice(0, -3)]),
  (fields) => fields.map(([name, value]) => [name, value.replaceAll(/v1|sha256/g, 'v0')]),
  (fields) => fields.map(([name, value]) => [name, `${'v1=,'.repeat(800)}${value.replaceAll('v1', 'v2')}`]),
  (fields, chance) =>
    fields.map(([name, value]) => [name, value.replaceAll(/\d{9,}/g, `${chance.pick([0, -1, 1e15])}`)]),
];

/** Makes a delivery: half of them signed as they should be, over a body that is odd or fits the rule. */
export function toHookDelivery(chance: Chance): Delivery {
  const [name, sign] = chance.pick(Object.entries(SIGN));
  const member = (): string => (chance.happens(0.5) ? JSON.stringify(oddText(chance)) : oddJson(chance));
  const body = chance.happens(0.1) ? oddJson(chance) : `{"a":${member()},"b":${member()},"c":${member()}}`;
  const id = `${Math.floor(chance.between(0, 1e9))}`;
  const nowSec = Math.floor(Date.now() / 1_000);
  // Of another body, now and then: what was signed counts, and nothing near it.
  const isOther = chance.happens(0.1);
  const right = sign(isOther ? `${body} ` : body, id, nowSec);
  const signed = chance.happens(0.5) ? right : chance.pick(SPOIL)(right, chance);
  const refused = isOther || toSigned(signed) !== toSigned(right);
  const request: HttpRequest = {
    method: 'POST',
    target: `/v1/hooks/${name}`,
    fields: [['Content-Type', 'application/json'], ['X-Kind', toFieldValue(oddText(chance))], ...signed],
    body: Buffer.from(body),
  };
  return { request, what: `${name}, ${refused ? 'of a signature that is none' : 'signed'}`, refused };
}

// GitHub's headers are not signed: its delivery may have any id.
const toSigned = (fields: readonly Field[]): string =>
  JSON.stringify(fields.filter(([name]) => name !== 'X-GitHub-Delivery'));

// What no header may hold is for the bytes.
const toFieldValue = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .slice(0, 2_000);
