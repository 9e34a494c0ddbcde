export { type BrokerHarness, brokerContract, feedContract, type OpenedBroker } from './broker-contract.ts';
export { type ClusterDeployment, type ClusterHarness, clusterContract } from './cluster-contract.ts';
export { type WorkHarness, workContract } from './work-contract.ts';
