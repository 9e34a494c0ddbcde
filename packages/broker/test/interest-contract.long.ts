import { brokerContract } from '@tidings/broker/contract';
import { describe } from 'vitest';
import { createNatsHarness } from './nats-fixture.ts';

describe('the NATS broker that is fed what is followed keeps the contract of the port', () =>
  brokerContract(createNatsHarness('interest')));
