export { createNatsBrokerOf, toNatsOptions } from './from-settings.ts';
export { createNatsBroker } from './nats-broker.ts';
export type { NatsAccess, NatsBrokerOptions, NatsRole, StreamLimits } from './options.ts';
export { type StreamSetup, setUpStream } from './stream-setup.ts';
