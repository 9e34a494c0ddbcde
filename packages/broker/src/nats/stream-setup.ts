import { setTimeout as pause } from 'node:timers/promises';
import { TidingsError } from '@tidings/protocol';
import { ConfigurationError, type Logger, systemClock } from '@tidings/runtime';
import {
  away,
  createJetStreamApi,
  JETSTREAM,
  type JetStreamApi,
  JetStreamError,
  type StreamInfo,
  whileAway,
} from './jetstream-api.ts';
import { dial } from './link.ts';
import type { NatsAccess, NatsBrokerOptions } from './options.ts';
import { compareConfig, epochOf, type StreamPlan, toEventPlan } from './stream-config.ts';

/** What a set-up found or made. */
export interface StreamSetup {
  readonly created: boolean;
  readonly epoch: string;
  readonly replicas: number;
  /** Where the stream that was there differs from the settings; it is never changed. */
  readonly differences: readonly string[];
}

const ANSWER_WITHIN_MS = 30_000;
const REPORT_EVERY_MS = 5_000;
const WAIT_MS = 250;

/** Who waits for a stream, or makes it. */
interface StreamOptions extends NatsAccess {
  readonly replicas?: number | undefined;
  readonly log: Logger;
}

/**
 * Creates the stream of events, or another that is planned, if it is missing, as an operator's own act.
 * @throws ConfigurationError when these credentials may not, or the cluster can't hold it.
 */
export async function setUpStream(
  options: NatsBrokerOptions,
  plan: StreamPlan = toEventPlan(options),
): Promise<StreamSetup> {
  const { log, metrics } = options;
  const aborter = new AbortController();
  const { signal } = aborter;
  const late = away(`none of ${options.servers.join(', ')} answered within ${ANSWER_WITHIN_MS / 1000} s`);
  const timer = systemClock.after(ANSWER_WITHIN_MS, () => aborter.abort(late));
  const link = await dial('publish', { access: options, log, metrics, taken: () => new Set(), onChange() {} }, signal);
  try {
    const api = createJetStreamApi(link.client, plan.name);
    const before = await findStream(api, plan, signal);
    const info = before ?? (await createStream(api, plan, options.replicas, signal));
    const replicas = options.replicas ?? replicasOf(info);
    const { faults, warnings } = compareConfig(plan.toConfig(replicas), info.config);
    return {
      created: before === undefined,
      epoch: epochOf(info),
      replicas: replicasOf(info),
      differences: [...faults, ...warnings],
    };
  } finally {
    timer.cancel();
    await link.close();
  }
}

/** The stream, or `undefined` when there is none. Asks again while nobody answers, until `signal` is aborted. */
async function findStream(
  api: JetStreamApi,
  { name }: StreamPlan,
  signal: AbortSignal,
): Promise<StreamInfo | undefined> {
  try {
    return await whileAway(() => api.info(), signal);
  } catch (error) {
    if (isCode(error, JETSTREAM.streamNotFound)) return undefined;
    if (!(error instanceof JetStreamError) || error.status !== 403) throw error;
    throw new ConfigurationError([`TIDINGS_NATS_URL: these credentials may not look at the stream ${name}`]);
  }
}

/**
 * Creates the stream, with three copies where there is a cluster. Whoever comes second takes what the first has made.
 * @throws ConfigurationError when these credentials may not, or the cluster can't hold it.
 */
async function createStream(
  api: JetStreamApi,
  plan: StreamPlan,
  wantedReplicas: number | undefined,
  signal: AbortSignal,
): Promise<StreamInfo> {
  const create = (replicas: number): Promise<StreamInfo> =>
    whileAway(() => api.create(plan.toConfig(replicas)), signal);
  try {
    return await create(wantedReplicas ?? 3).catch((error) => {
      if (!isCode(error, JETSTREAM.notClustered) || wantedReplicas !== undefined) throw error;
      return create(1);
    });
  } catch (error) {
    if (isCode(error, JETSTREAM.streamExists)) return theirs(api, plan, signal);
    if (!(error instanceof JetStreamError)) throw error;
    const remedy =
      error.status === 403 ? 'run `tidings nats setup` with the credentials of an operator' : error.message;
    throw new ConfigurationError([
      `TIDINGS_NATS_URL: the stream ${plan.name} is missing and can not be created: ${remedy}`,
    ]);
  }
}

// What somebody else has begun to create may not be there to be looked at yet.
async function theirs(api: JetStreamApi, plan: StreamPlan, signal: AbortSignal): Promise<StreamInfo> {
  const found = await findStream(api, plan, signal);
  if (found === undefined) throw away('another process creates the stream');
  return found;
}

const isCode = (error: unknown, code: number): boolean => error instanceof JetStreamError && error.errorCode === code;

const replicasOf = ({ config }: StreamInfo): number => Number(config.num_replicas ?? 1);

/**
 * Waits until the stream is there, creates it where it is missing and this process may, and says where it differs from
 * the settings; a stream that exists is never changed.
 * @throws ConfigurationError where it could not work, or is missing and can't be created.
 */
export async function awaitStream(
  api: JetStreamApi,
  plan: StreamPlan,
  options: StreamOptions,
  signal: AbortSignal,
): Promise<StreamInfo> {
  const { role, log } = options;
  let reportedMs = Number.NEGATIVE_INFINITY;
  const report = (reason: string): void => {
    if (performance.now() - reportedMs < REPORT_EVERY_MS) return;
    reportedMs = performance.now();
    log.warn({ stream: plan.name }, reason);
  };
  while (true) {
    signal.throwIfAborted();
    const info = await findOrCreate(api, plan, options, report);
    if (info !== undefined) {
      const { faults, warnings } = compareConfig(plan.toConfig(options.replicas ?? replicasOf(info)), info.config);
      if (faults.length > 0) throw new ConfigurationError(faults);
      // An edge creates no stream: its own limits say nothing about it.
      if (role !== 'edge') for (const difference of warnings) log.warn({ stream: plan.name }, difference);
      return info;
    }
    await pause(WAIT_MS, undefined, { signal }).catch(() => {});
  }
}

/**
 * The stream, created where it is missing and this process may; `undefined` while nobody answers, after 5 s of it.
 * @throws ConfigurationError where it is missing and can't be created.
 */
export async function findOrCreate(
  api: JetStreamApi,
  plan: StreamPlan,
  options: StreamOptions,
  report: (reason: string) => void,
): Promise<StreamInfo | undefined> {
  const signal = AbortSignal.timeout(REPORT_EVERY_MS);
  try {
    const info = await findStream(api, plan, signal);
    if (info !== undefined || options.role === 'edge') {
      if (info === undefined) report('waiting for the stream: ingest or `tidings nats setup` creates it');
      return info;
    }
    const created = await createStream(api, plan, options.replicas, signal);
    options.log.info({ stream: plan.name, replicas: replicasOf(created) }, 'the stream was created');
    return created;
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    report(`waiting for JetStream: ${error.message}`);
    return undefined;
  }
}

/**
 * Creates a stream that the process can do without, where it is missing and these credentials may; says so where not. It
 * asks once: a server that does not answer is not waited for.
 */
export async function offerStream(api: JetStreamApi, plan: StreamPlan, options: StreamOptions): Promise<void> {
  const { log } = options;
  try {
    const found = await findOrCreate(api, plan, options, () => {});
    const wanted = found && plan.toConfig(options.replicas ?? replicasOf(found));
    const { faults = [], warnings = [] } = found && wanted ? compareConfig(wanted, found.config) : {};
    for (const difference of [...faults, ...warnings]) log.warn({ stream: plan.name }, difference);
  } catch (error) {
    log.warn({ stream: plan.name, err: error }, 'the stream is missing: what needs it answers unavailable');
  }
}
