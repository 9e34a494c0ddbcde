export { type BrokerHarness, brokerContract, type OpenedBroker } from './broker-contract.ts';
