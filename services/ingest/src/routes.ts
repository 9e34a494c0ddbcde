import { type Authenticator, authenticateWriter, type TopicClasses } from '@tidings/auth';
import { openHooks } from '@tidings/auth/hook';
import type { Broker, Cluster, PublishInput } from '@tidings/broker';
import { type Audit, createReadStates } from '@tidings/control';
import { parseTopic, TidingsError } from '@tidings/protocol';
import {
  assertText,
  type Clock,
  checkShape,
  decodeText,
  type Logger,
  type Metrics,
  NO_TRACER,
  type OwnCell,
  parseJson,
  parseMediaType,
  parseQuery,
  pathSegment,
  type Query,
  readBody,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  type Settings,
  singleValue,
  systemClock,
  type Tracer,
  traceIdOfRequest,
} from '@tidings/runtime';
import { answerBatch, answerSingle } from './answer.ts';
import { type BatchContext, publishBatch, readArray, readLines } from './batch.ts';
import { type ContentMode, contentModeOf, takeCloudEvents } from './cloud-events/cloud-event-request.ts';
import { addErasing } from './erase-route.ts';
import { eventSchema, rawQuerySchema } from './event-schema.ts';
import { addHooks } from './hook-route.ts';
import { eventsRoute, topicRoute, userRoute } from './openapi-routes.ts';
import { createPublish, type Publish, type PublishRequest, type PublishResult } from './publish.ts';
import { auditResults } from './publish-audit.ts';
import { type Admit, createPublishLimits, type PublishRates } from './publish-limit.ts';
import { noteEvents } from './publish-line.ts';
import { beginPublish } from './publish-trace.ts';
import { createQuota } from './quota.ts';
import { addSchedules } from './schedule-route.ts';
import { type EventFields, type EventRules, inUrl, parseUser, toInputs, validateEvent } from './validate.ts';

/** What the ingest needs to work. */
export interface IngestParts {
  readonly broker: Broker;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  /** Whom this ingest serves; `undefined`: everybody. */
  readonly cell?: OwnCell | undefined;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly settings: PublishRates &
    Pick<
      Settings,
      'maxEventBytes' | 'maxBodyBytes' | 'historyMaxAgeSec' | 'quotaEvents' | 'hooksFile' | 'rateAuthFailures'
    >;
  /** Where the quota is counted together with other ingests, not yet open; without one it counts here alone. */
  readonly cluster?: Cluster;
  readonly clock?: Clock;
  /** Without one nothing is traced. */
  readonly tracer?: Tracer;
}

/** The way in of a process. */
export interface Ingest {
  /** Lets the other ingests know what was published here; to be called before the cluster is closed. */
  close(): Promise<void>;
}

interface Parts extends IngestParts {
  readonly rules: EventRules;
  readonly publish: Publish;
}

/**
 * Adds the way in to an application: the publishing requests of contract section 5, webhooks, and the erasing ones of 7.
 * @throws ConfigurationError for a hooks file that can't be used.
 */
export function addIngest(app: ServiceApp, given: IngestParts): Ingest {
  const { classes, settings, log, cluster, cell, clock = systemClock, tracer = NO_TRACER } = given;
  const rules = { maxEventBytes: settings.maxEventBytes, maxTtlSec: settings.historyMaxAgeSec, classes, clock };
  const parts: Parts = { ...given, rules, publish: createPublish(given.broker, given.metrics, log, cell) };
  const { quotaEvents: eventsPerDay } = settings;
  const quota = eventsPerDay > 0 ? createQuota({ eventsPerDay, cluster, clock, log }) : undefined;
  const limits = createPublishLimits(settings, quota);
  type Run = (admit?: Admit) => Promise<Response>;
  const limited = (context: ServiceContext, { grant }: PublishRequest, run: Run): Promise<Response> =>
    limits === undefined ? run() : limits.run(context, grant, run);
  const identify = async (context: ServiceContext, query: Query, route: string): Promise<PublishRequest> => {
    const trace = beginPublish(tracer, context, route);
    const { grant } = await authenticateWriter(context, query, parts.authenticator);
    trace?.accept(grant);
    // Of a tenant whose users are spread, each event is looked at.
    cell?.assertTenant(grant.tenant);
    return { grant, trace, traceId: () => traceIdOfRequest(context) };
  };
  for (const route of [eventsRoute, topicRoute, userRoute]) app.openAPIRegistry.registerPath(route);
  app.post('/v1/events', async (context) => {
    const query = parseQuery(context.env.incoming.url ?? '');
    refuseUnknown(query, ['access_token']);
    const request = await identify(context, query, eventsRoute.path);
    return limited(context, request, (admit) => publishBody(context, request, admit, parts));
  });
  const raw = (route: string, toTopicOf: (segment: string) => string) => async (context: ServiceContext) => {
    const query = parseQuery(context.env.incoming.url ?? '');
    const request = await identify(context, query, route);
    return limited(context, request, (admit) => {
      const topic = toTopicOf(pathSegment(context.env.incoming, 3));
      return publishRaw(context, topic, query, request, admit, parts);
    });
  };
  app.post(
    '/v1/topics/:topic/events',
    raw(topicRoute.path, (topic) => parseTopic(topic, { parameter: 'topic' })),
  );
  app.post(
    '/v1/users/:user/events',
    raw(userRoute.path, (user) => parseUser(user, inUrl)),
  );
  addHooks(app, {
    ...parts,
    clock,
    tracer,
    hooks: settings.hooksFile === undefined ? undefined : openHooks(settings.hooksFile, process.env),
    limited,
    publish: async (context, request, inputs, admit) =>
      tellResults(context, await publishEvent(request, inputs, admit, parts), parts),
  });
  addErasing(app, { ...parts, states: cluster && createReadStates(cluster.records) });
  addSchedules(app, parts);
  return { close: async () => quota?.close() };
}

function headerKey(context: ServiceContext): string {
  const key = context.env.incoming.headers['idempotency-key'];
  if (key === undefined) return '';
  const fault = eventSchema.shape.id.safeParse(key).error?.issues[0]?.message;
  if (fault !== undefined) throw new TidingsError('invalid-field', `${fault}.`, { parameter: 'Idempotency-Key' });
  return key as string;
}

async function publishBody(
  context: ServiceContext,
  request: PublishRequest,
  admit: Admit | undefined,
  parts: Parts,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const mode = contentModeOf(incoming.headers);
  if (mode !== undefined) return publishCloudEvents(mode, undefined, NO_FIELDS, context, request, admit, parts);
  const media = parseMediaType(incoming.headers['content-type']);
  const isLines = media?.type === 'application/x-ndjson';
  if (media?.charset !== 'utf-8' || !(isLines || media.type === 'application/json')) {
    throw new TidingsError('unsupported-media-type', 'Send application/json or application/x-ndjson, as UTF-8.');
  }
  const idempotencyKey = headerKey(context);
  const body = await readBody(incoming, outgoing, parts.settings.maxBodyBytes);
  const batch: BatchContext = {
    request,
    idempotencyKey,
    publish: parts.publish,
    admit,
    rules: parts.rules,
    metrics: parts.metrics,
    log: parts.log,
  };
  const audited = (results: readonly PublishResult[]) => tellResults(context, results, parts);
  if (isLines) return answerBatch(context, audited(await publishBatch(readLines(body), batch)));
  const value = parseJson(decodeText(body));
  if (Array.isArray(value)) return answerBatch(context, audited(await publishBatch(readArray(value), batch)));
  const event = validateEvent(value, request.grant.tenant, idempotencyKey, parts.rules);
  const results = audited(await publishEvent(request, event, admit, parts));
  const [result] = results;
  const isFanOut = Object.hasOwn(value as object, 'topics');
  return result === undefined || isFanOut ? answerBatch(context, results) : answerSingle(context, result);
}

async function publishRaw(
  context: ServiceContext,
  topic: string,
  query: Query,
  request: PublishRequest,
  admit: Admit | undefined,
  parts: Parts,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const fields = readFields(query);
  const mode = contentModeOf(incoming.headers);
  if (mode !== undefined) return publishCloudEvents(mode, topic, fields, context, request, admit, parts);
  const media = parseMediaType(incoming.headers['content-type']);
  const json = media?.type === 'application/json';
  // The form type is what a bare `curl -d 'text'` sends.
  const isText = media?.type.startsWith('text/') || media?.type === 'application/x-www-form-urlencoded';
  if (media?.charset !== 'utf-8' || !(json || isText)) {
    throw new TidingsError('unsupported-media-type', 'Send text/* or application/json, as UTF-8.');
  }
  const id = headerKey(context);
  const data = await readBody(incoming, outgoing, parts.settings.maxBodyBytes);
  if (json) parseJson(decodeText(data));
  else assertText(data);
  const inputs = toInputs([topic], fields, id, { data, json }, request.grant.tenant, parts.rules, inUrl);
  const [result] = tellResults(context, await publishEvent(request, inputs, admit, parts), parts);
  return answerSingle(context, result as NonNullable<typeof result>);
}

async function publishCloudEvents(
  mode: ContentMode,
  topic: string | undefined,
  fields: EventFields,
  context: ServiceContext,
  request: PublishRequest,
  admit: Admit | undefined,
  parts: Parts,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const body = await readBody(incoming, outgoing, parts.settings.maxBodyBytes);
  const target = { topic, fields, tenant: request.grant.tenant, rules: parts.rules };
  const audited = (results: readonly PublishResult[]) => tellResults(context, results, parts);
  return takeCloudEvents(mode, incoming.headers, body, target, {
    async one(event) {
      const [result] = audited(await publishEvent(request, event, admit, parts));
      return answerSingle(context, result as NonNullable<typeof result>);
    },
    async many(events, validate) {
      const batch = { ...parts, request, idempotencyKey: '', admit, validate };
      return answerBatch(context, audited(await publishBatch(events, batch)));
    },
  });
}

// To the audit, and in the line of the request.
function tellResults(
  context: ServiceContext,
  results: readonly PublishResult[],
  { audit }: Parts,
): readonly PublishResult[] {
  noteEvents(context, results);
  return auditResults(context, audit, results);
}

async function publishEvent(
  request: PublishRequest,
  inputs: readonly PublishInput[],
  admit: Admit | undefined,
  { publish }: Parts,
): Promise<PublishResult[]> {
  const report = admit && (await admit(inputs.length, inputs));
  const results = await publish(
    request,
    inputs.map((input) => ({ input, index: 0 })),
  );
  report?.(results);
  return results;
}

const RAW_PARAMETERS = Object.keys(rawQuerySchema.shape);
const KNOWN_PARAMETERS = [...RAW_PARAMETERS, 'access_token'];
const NO_FIELDS: EventFields = {};

function readFields(query: Query): EventFields {
  if (query.size === 0) return NO_FIELDS;
  refuseUnknown(query, KNOWN_PARAMETERS);
  const given = RAW_PARAMETERS.flatMap((name) => (query.has(name) ? [[name, singleValue(query, name)]] : []));
  return checkShape(rawQuerySchema, Object.fromEntries(given), 'parameter');
}
