export { createNatsBrokerOf, createNatsClusterOf, createNatsWorkOf, toNatsOptions } from './from-settings.ts';
export { createNatsBroker } from './nats-broker.ts';
export { createNatsCluster, type NatsClusterOptions } from './nats-cluster.ts';
export { createNatsWork, type NatsWorkOptions } from './nats-work.ts';
export type { NatsAccess, NatsBrokerOptions, NatsRole, StreamLimits } from './options.ts';
export { STATE_PLAN } from './state-bucket.ts';
export type { StreamPlan } from './stream-config.ts';
export { type StreamSetup, setUpStream } from './stream-setup.ts';
export { WORK_PLANS } from './work-streams.ts';
