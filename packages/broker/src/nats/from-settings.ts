import { accessSync, constants } from 'node:fs';
import { type Clock, ConfigurationError, type Logger, type Metrics, type Settings } from '@tidings/runtime';
import type { Cluster, ClusterRole } from '../cluster-port.ts';
import type { Broker } from '../port.ts';
import type { WorkStore } from '../work-port.ts';
import { createNatsBroker } from './nats-broker.ts';
import { createNatsCluster } from './nats-cluster.ts';
import { createNatsWork } from './nats-work.ts';
import type { NatsBrokerOptions, NatsRole } from './options.ts';

/**
 * The broker on the NATS servers that the settings name.
 * @throws ConfigurationError with a line for each file that can't be read; TypeError when the settings name no server.
 */
export function createNatsBrokerOf(
  settings: Settings,
  role: NatsRole,
  log: Logger,
  metrics: Metrics,
  clock: Clock,
): Broker {
  return createNatsBroker({ ...toNatsOptions(settings, role), log, metrics, clock });
}

/** The cluster on the NATS servers that the settings name; throws as `createNatsBrokerOf`. */
export function createNatsClusterOf(
  settings: Settings,
  role: ClusterRole,
  log: Logger,
  metrics: Metrics,
  clock: Clock,
): Cluster {
  return createNatsCluster({ ...toNatsOptions(settings, role), role, log, metrics, clock });
}

/** Where webhooks keep their work, on the NATS servers that the settings name; throws as `createNatsBrokerOf`. */
export function createNatsWorkOf(
  settings: Settings,
  role: Exclude<NatsRole, 'operator'>,
  log: Logger,
  metrics: Metrics,
  personalLeaseMs?: number,
): WorkStore {
  const lease = personalLeaseMs === undefined ? {} : { personalLeaseMs };
  return createNatsWork({ ...toNatsOptions(settings, role), log, metrics, ...lease });
}

/** What the settings say of NATS; throws as `createNatsBrokerOf`. */
export function toNatsOptions(
  settings: Settings,
  role: NatsRole,
): Omit<NatsBrokerOptions, 'log' | 'metrics' | 'clock'> {
  const { natsServers, natsCredsFile, natsTlsCaFile, natsTlsCertFile, natsTlsKeyFile } = settings;
  if (natsServers === undefined) throw new TypeError('createNatsBrokerOf(settings, …): settings without natsServers');
  // A file that is not there would otherwise look like a server that can't be reached, for as long as anyone waits.
  const problems = Object.entries({
    TIDINGS_NATS_CREDS: natsCredsFile,
    TIDINGS_NATS_TLS_CA: natsTlsCaFile,
    TIDINGS_NATS_TLS_CERT: natsTlsCertFile,
    TIDINGS_NATS_TLS_KEY: natsTlsKeyFile,
  }).flatMap(([variable, path]) => faultOf(variable, path) ?? []);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    servers: natsServers,
    role,
    user: settings.natsUser,
    password: settings.natsPassword,
    credsFile: natsCredsFile,
    tlsCaFile: natsTlsCaFile,
    tlsCertFile: natsTlsCertFile,
    tlsKeyFile: natsTlsKeyFile,
    maxBytes: settings.historyMaxBytes,
    maxAgeMs: settings.historyMaxAgeSec * 1000,
    replicas: settings.natsReplicas,
    traces: settings.traces === 'on',
    feed: settings.feed,
  };
}

function faultOf(variable: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return `${variable}: ${(error as Error).message}`;
  }
}
