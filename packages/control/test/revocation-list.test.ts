import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createLogger } from '@tidings/runtime';
import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRevocationList, type RevocationList } from '../src/revocation-list.ts';

const bob = { tenant: 'default', user: 'bob', tokenId: 'lost', issuedAtSec: 100 };

interface Site {
  readonly clock: FakeClock;
  readonly lines: Record<string, unknown>[];
  readonly endsSec: number;
  readonly entries: ReadonlyMap<string, unknown>;
  join(): Promise<RevocationList & { readonly cluster: ReturnType<typeof createMemoryCluster> }>;
}

function createSite(): Site {
  const clock = createFakeClock();
  const bus = createMemoryBus();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) });
  return {
    clock,
    lines,
    endsSec: clock.now() / 1000 + 1_000,
    entries: bus.entries,
    async join() {
      const cluster = createMemoryCluster({ bus, clock });
      const list = createRevocationList({ cluster, log, clock });
      await cluster.open();
      onTestFinished(() => cluster.close());
      return { ...list, cluster };
    },
  };
}

describe('the revocations of a deployment', () => {
  it('are known to every member once revoke has resolved, and to one that joins later', async () => {
    const { join, endsSec } = createSite();
    const [here, there] = [await join(), await join()];
    await here.revoke({ tenant: 'default', endsSec, jti: 'lost' });
    const later = await join();
    for (const list of [here, there, later]) {
      expect(list.isRevoked(bob)).toBe(true);
      expect(list.isRevoked({ ...bob, tokenId: 'other' })).toBe(false);
      expect(list.isRevoked({ ...bob, tenant: 'acme' })).toBe(false);
    }
  });

  it('a member that can not be sure that it has them makes it fail, and it may be repeated', async () => {
    const { join, endsSec } = createSite();
    const [here, there] = [await join(), await join()];
    const { state } = there.cluster;
    const { reach } = state;
    state.reach = () => Promise.reject(new Error('cut off'));
    const revocation = { tenant: 'default', endsSec, jti: 'lost' };
    await expect(here.revoke(revocation)).rejects.toMatchObject({ code: 'unavailable' });
    state.reach = reach;
    await here.revoke(revocation);
    expect(there.isRevoked(bob)).toBe(true);
  });

  it('a later one that revokes less takes nothing back from who joins afterwards', async () => {
    const { join, endsSec } = createSite();
    const here = await join();
    await here.revoke({ tenant: 'default', endsSec, user: 'bob', issuedBeforeSec: 100 });
    await here.revoke({ tenant: 'default', endsSec, user: 'bob', issuedBeforeSec: 50 });
    expect((await join()).isRevoked(bob)).toBe(true);
  });

  it('a user has one entry, however often their tokens are revoked, and wherever', async () => {
    const { join, endsSec, entries } = createSite();
    const [here, there] = [await join(), await join()];
    const revoke = (list: RevocationList, issuedBeforeSec: number) =>
      list.revoke({ tenant: 'default', endsSec, user: 'bob', issuedBeforeSec });
    await Promise.all(Array.from({ length: 50 }, (_, each) => revoke(each % 2 === 0 ? here : there, (each * 7) % 50)));
    expect(entries.size).toBe(1);
    expect((await join()).isRevoked({ ...bob, tokenId: 'x', issuedAtSec: 49 })).toBe(true);
    expect(here.isRevoked({ ...bob, tokenId: 'x', issuedAtSec: 50 })).toBe(false);
  });

  it('many that come at once are told once, soon, and what was known already is not told', async () => {
    const { join, endsSec, clock } = createSite();
    const [here, there] = [await join(), await join()];
    let told = 0;
    there.onChange(() => {
      told += 1;
    });
    for (let each = 0; each < 50; each += 1) await here.revoke({ tenant: 'default', endsSec, jti: `${each}` });
    expect(told).toBe(0);
    clock.advance(100);
    expect(told).toBe(1);
    await here.revoke({ tenant: 'default', endsSec, jti: '7' });
    clock.advance(1_000);
    expect(told).toBe(1);
  });

  it.each(['', '{', '{}', '{"tenant":"default","endsSec":1}', '{"tenant":1,"endsSec":1,"jti":"a"}', '[]', 'null'])(
    'an entry that can not be read, %j, is said in the log and changes nothing',
    async (value) => {
      const { join, lines } = createSite();
      const here = await join();
      await here.cluster.state.put('revoked.garbage', value, 100);
      expect(here.isRevoked(bob)).toBe(false);
      expect(lines.map(({ msg, key }) => [msg, key])).toEqual([
        ['an entry of the revocations can not be read', 'revoked.garbage'],
      ]);
    },
  );
});
