export { findNatsServer } from './find-nats-server.ts';
export { askJetStream, type NatsLogin } from './jetstream-request.ts';
export type { Surroundings } from './nats-binary.ts';
export { type NatsCluster, type NatsClusterOptions, startNatsCluster } from './nats-cluster.ts';
export { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.ts';
