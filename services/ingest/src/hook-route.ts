import { createRoute, z } from '@hono/zod-openapi';
import type { Grant } from '@tidings/auth';
import { applyRule, encodeDeliveredData, type Hook, type Ignored, isIgnored, type Mapped } from '@tidings/auth/hook';
import type { PublishInput } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import {
  answerJson,
  type Clock,
  clientAddressOf,
  createRate,
  decodeText,
  type Metrics,
  type OwnCell,
  parseJson,
  parseMediaType,
  parseQuery,
  pathSegment,
  type Rate,
  rateLimited,
  readBody,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  type Settings,
  type Tracer,
  toNetwork,
  toProblemAnswer,
  traceIdOfRequest,
} from '@tidings/runtime';
import { answerSingle } from './answer.ts';
import { acceptedSchema } from './event-schema.ts';
import { toIdempotencyKey } from './idempotency-key.ts';
import type { PublishRequest, PublishResult } from './publish.ts';
import type { Admit } from './publish-limit.ts';
import { beginPublish } from './publish-trace.ts';
import { type EventRules, type FieldPlace, type Payload, toInputs } from './validate.ts';

/** What the way in for webhooks needs. */
export interface HookRouteParts {
  /** By their names; `undefined`: none are taken. */
  readonly hooks: ReadonlyMap<string, Hook> | undefined;
  readonly settings: Pick<Settings, 'maxBodyBytes' | 'rateAuthFailures'>;
  readonly rules: EventRules;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly cell?: OwnCell | undefined;
  /** Holds a request to the rates and the quota, as `PublishLimits.run`. */
  limited(
    context: ServiceContext,
    request: PublishRequest,
    run: (admit?: Admit) => Promise<Response>,
  ): Promise<Response>;
  /** Publishes what is valid, and tells the audit. */
  publish(
    context: ServiceContext,
    request: PublishRequest,
    inputs: readonly PublishInput[],
    admit: Admit | undefined,
  ): Promise<readonly PublishResult[]>;
}

const ignoredSchema = z
  .object({ ignored: z.string().openapi({ description: 'Why.', example: '/action has another value.' }) })
  .openapi('Ignored');

const route = createRoute({
  method: 'post',
  path: '/v1/hooks/{name}',
  tags: ['Publishing'],
  summary: 'Take a webhook',
  description:
    'From a provider that signs: Standard Webhooks, GitHub, Stripe. Which hooks there are, and what becomes of each delivery, is in TIDINGS_HOOKS_FILE.',
  request: {
    params: z.object({ name: z.string() }),
    body: { required: true, content: { 'application/json': { schema: z.unknown() } } },
  },
  responses: {
    202: {
      description: 'Stored; or ignored, since the rule of the hook is not about it.',
      content: { 'application/json': { schema: z.union([acceptedSchema, ignoredSchema]) } },
    },
    400: toProblemAnswer('The body can not be read.'),
    401: toProblemAnswer('The signature is missing, too old, or made with another secret.'),
    404: toProblemAnswer('There is no such hook.'),
    413: toProblemAnswer('The body or the event is too large.'),
    415: toProblemAnswer('Another media type or encoding than JSON.'),
    421: toProblemAnswer('Another cell serves this tenant; host is the URL of its ingest. Nothing was stored.'),
    422: toProblemAnswer('There is a parameter.'),
    429: toProblemAnswer('A rate or the quota is used up; nothing was published.'),
    503: toProblemAnswer('The broker is away. Safe to send again.'),
  },
});

/** Adds `POST /v1/hooks/{name}`: webhooks of providers as events (docs/guides/webhooks-in.md, ADR 0032). */
export function addHooks(app: ServiceApp, parts: HookRouteParts): void {
  const { hooks, metrics, settings } = parts;
  app.openAPIRegistry.registerPath(route);
  for (const hook of hooks?.keys() ?? []) {
    for (const result of ['accepted', 'ignored', 'invalid-signature']) metrics.hookRequests.inc({ hook, result }, 0);
  }
  const failures = settings.rateAuthFailures > 0 ? createRate('auth-failures', settings.rateAuthFailures) : undefined;
  app.post('/v1/hooks/:name', async (context) => {
    const hook = hooks?.get(pathSegment(context.env.incoming, 3));
    if (hook === undefined) throw new TidingsError('not-found', 'There is no hook of this name.');
    const count = (result: string): void => metrics.hookRequests.inc({ hook: hook.name, result });
    try {
      const read = (): Promise<Buffer> => readSigned(hook, context, parts);
      const body = await (failures === undefined ? read() : guarded(context, failures, read));
      return await take(hook, body, context, count, parts);
    } catch (error) {
      count(error instanceof TidingsError ? error.code : 'internal');
      throw error;
    }
  });
}

// As for tokens: of an address from which too many were refused, none is looked at.
async function guarded(context: ServiceContext, failures: Rate, read: () => Promise<Buffer>): Promise<Buffer> {
  const network = toNetwork(clientAddressOf(context));
  const standing = await failures.standing(network);
  if (standing.left === 0) throw rateLimited(standing, [standing]);
  try {
    return await read();
  } catch (error) {
    if (error instanceof TidingsError && error.code === 'invalid-signature') await failures.take(network, 1);
    throw error;
  }
}

/** The body of a request whose signature counts. @throws TidingsError `invalid-signature`, and what keeps it from being read. */
async function readSigned(hook: Hook, context: ServiceContext, { settings, clock }: HookRouteParts): Promise<Buffer> {
  const { incoming, outgoing } = context.env;
  refuseUnknown(parseQuery(incoming.url ?? ''), []);
  const media = parseMediaType(incoming.headers['content-type']);
  if (media?.charset !== 'utf-8' || !/^application\/(json|[^/]+\+json)$/.test(media.type)) {
    throw new TidingsError('unsupported-media-type', 'Send application/json, as UTF-8.');
  }
  const body = await readBody(incoming, outgoing, Math.min(hook.maxBodyBytes, settings.maxBodyBytes));
  const refused = hook.verify({ headers: incoming.headers, body, nowMs: clock.now() });
  if (refused === undefined) return body;
  // In the log alone: it would help only who forges.
  context.set('lineDetail', { hook: hook.name, refused });
  throw new TidingsError('invalid-signature', 'The signature of this webhook is not valid.', {
    challenge: 'Webhook-Signature realm="tidings"',
  });
}

async function take(
  hook: Hook,
  body: Buffer,
  context: ServiceContext,
  count: (result: string) => void,
  parts: HookRouteParts,
): Promise<Response> {
  const trace = beginPublish(parts.tracer, context, route.path);
  const grant = toGrant(hook);
  context.set('caller', grant);
  trace?.accept(grant);
  parts.cell?.assertTenant(grant.tenant);
  const request = { grant, trace, traceId: () => traceIdOfRequest(context) };
  return parts.limited(context, request, async (admit) => {
    const delivery = { body: parseJson(decodeText(body)), headers: context.env.incoming.headers };
    const inputs = toHookInputs(hook, applyRule(hook.rule, delivery), body, parts.rules);
    if (isIgnored(inputs)) {
      count('ignored');
      context.set('lineDetail', { hook: hook.name, ...inputs });
      return answerJson(context, 202, inputs);
    }
    const [result] = await parts.publish(context, request, inputs, admit);
    const { problem, duplicate } = result as PublishResult;
    count(problem?.code ?? (duplicate ? 'duplicate' : 'accepted'));
    return answerSingle(context, result as PublishResult);
  });
}

function toHookInputs(
  hook: Hook,
  mapped: Mapped | Ignored,
  body: Buffer,
  rules: EventRules,
): readonly PublishInput[] | Ignored {
  if (isIgnored(mapped)) return mapped;
  const { topic, event, id, data } = mapped;
  // The whole body goes on as it came, so that its numbers keep their text.
  const payload = hook.rule.data.length === 0 ? { data: body, json: true } : toPayload(data);
  if (isIgnored(payload)) return payload;
  const fields = event === undefined ? {} : { event };
  return toInputs([topic], fields, toIdempotencyKey(hook.name, id), payload, hook.tenant, rules, nowhere);
}

function toPayload(data: unknown): Payload | Ignored {
  const encoded = encodeDeliveredData(data);
  return isIgnored(encoded) ? encoded : { data: Buffer.from(encoded.text), json: encoded.json };
}

// The provider has no field of ours to put right.
const nowhere: FieldPlace = () => ({});

// It publishes where its rule says, and nothing else; its name stands in the log, the audit and the rates as a user's.
function toGrant({ name, tenant }: Hook): Grant {
  return {
    user: `hook:${name}`,
    tenant,
    subscribe: [],
    publish: ['>'],
    admin: false,
    tokenId: undefined,
    issuedAtSec: undefined,
    expiresAtSec: Number.POSITIVE_INFINITY,
  };
}
