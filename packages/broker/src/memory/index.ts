export { createMemoryBroker, type MemoryBrokerOptions } from './memory-broker.ts';
export {
  createMemoryBus,
  createMemoryCluster,
  type MemoryBus,
  type MemoryClusterOptions,
} from './memory-cluster.ts';
export { createMemoryWork, type MemoryWorkOptions } from './memory-work.ts';
