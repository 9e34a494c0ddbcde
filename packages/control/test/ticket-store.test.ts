import type { Grant } from '@tidings/auth';
import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createTicketStore } from '../src/ticket-store.ts';

const grant: Grant = {
  user: 'alice',
  tenant: 'acme',
  subscribe: ['orders.*'],
  publish: [],
  admin: false,
  tokenId: 'one',
  issuedAtSec: 1,
  expiresAtSec: 2,
};

describe('a ticket store', () => {
  it('gives back the whole grant, once, wherever it is asked for', async () => {
    const bus = createMemoryBus();
    const [here, there] = [createMemoryCluster({ bus }), createMemoryCluster({ bus })];
    await Promise.all([here.open(), there.open()]);
    const ticket = await createTicketStore(here).issue(grant);
    expect(await createTicketStore(there).redeem(ticket)).toEqual(grant);
    expect(await createTicketStore(here).redeem(ticket)).toBeUndefined();
    await Promise.all([here.close(), there.close()]);
    await expect(createTicketStore(here).issue(grant)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('forgets a ticket after 30 s, and the store never holds one', async () => {
    const clock = createFakeClock();
    const bus = createMemoryBus();
    const cluster = createMemoryCluster({ bus, clock });
    await cluster.open();
    const ticket = await createTicketStore(cluster).issue(grant);
    expect(JSON.stringify([...bus.entries])).not.toContain(ticket.slice(4));
    clock.advance(30_000);
    expect(await createTicketStore(cluster).redeem(ticket)).toBeUndefined();
  });

  it('does not ask for more than so many at once, whoever makes them up', async () => {
    const cluster = createMemoryCluster();
    await cluster.open();
    let asked = 0;
    let answer = (): void => {};
    const waiting = new Promise<undefined>((resolve) => {
      answer = () => resolve(undefined);
    });
    cluster.state.take = () => {
      asked += 1;
      return waiting;
    };
    const store = createTicketStore(cluster);
    const redeeming = Array.from({ length: 256 }, (_, each) => store.redeem(`tdt_${each}`));
    await expect(store.redeem('tdt_more')).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toBe(256);
    answer();
    expect(await Promise.all(redeeming)).toEqual(Array.from({ length: 256 }, () => undefined));
    expect(await store.redeem('tdt_later')).toBeUndefined();
  });
});
