import { brokerContract, feedContract } from '@tidings/broker/contract';
import { describe } from 'vitest';
import { createNatsHarness } from './nats-fixture.ts';

describe('the NATS broker keeps the contract of the port', () => brokerContract(createNatsHarness('all')));

// What is read back is read in the same way; a longer run tries that too.
describe('the NATS broker that is fed what is followed keeps it as well', () =>
  feedContract(createNatsHarness('interest')));
