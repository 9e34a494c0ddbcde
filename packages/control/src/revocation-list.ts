import { createRevocations, type Revocation, type TokenIdentity } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import { type Clock, type Logger, systemClock } from '@tidings/runtime';
import { toStateKey } from './state-key.ts';

/** The revocations of a deployment: every process has all of them, also one that starts later (contract section 8). */
export interface RevocationList {
  /** Two look-ups; before the cluster is open nothing is known. */
  isRevoked(token: TokenIdentity): boolean;
  /**
   * Resolves once the revocation is stored, and every process that checks tokens has it.
   * @throws TidingsError `unavailable`: some process may not have it yet. It may be repeated.
   */
  revoke(revocation: Revocation): Promise<void>;
  /** Runs, soon and not for each, after revocations came that were not known here. */
  onChange(run: () => void): void;
}

export interface RevocationListOptions {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly clock?: Clock;
}

const PREFIX = 'revoked';
const REACHED = 'revocations-reached';
// Many may come at once, and whoever acts upon them looks at every stream.
const CHANGE_MS = 100;

/** Follows the list from now on; the cluster must not be open yet. */
export function createRevocationList({ cluster, log, clock = systemClock }: RevocationListOptions): RevocationList {
  const revocations = createRevocations(clock);
  const runs: (() => void)[] = [];
  let announced = false;

  function announce(): void {
    if (announced) return;
    announced = true;
    clock.after(CHANGE_MS, () => {
      announced = false;
      for (const run of runs) run();
    });
  }

  cluster.state.follow(PREFIX, ({ key, value }) => {
    const revocation = parseRevocation(value);
    if (revocation === undefined) log.error({ key }, 'an entry of the revocations can not be read');
    else if (revocations.add(revocation)) announce();
  });
  cluster.answer(REACHED, async (body) => {
    await cluster.state.reach(body as number);
    return true;
  });

  // A user has one entry, however often somebody revokes, and it never comes to revoke less than before.
  function widest(revocation: Revocation): Revocation {
    if ('jti' in revocation) return revocation;
    const known = revocations.revokedUntil(revocation.tenant, revocation.user) ?? 0;
    return { ...revocation, issuedBeforeSec: Math.max(known, revocation.issuedBeforeSec) };
  }

  async function put(revocation: Revocation): Promise<number> {
    const ttlSec = Math.max(1, Math.ceil(revocation.endsSec - clock.now() / 1000));
    const revision = await cluster.state.put(keyOf(revocation), JSON.stringify(revocation), ttlSec);
    await cluster.state.reach(revision);
    return revision;
  }

  return {
    isRevoked: (token) => revocations.isRevoked(token),
    async revoke(revocation) {
      let stored = widest(revocation);
      let revision = await put(stored);
      // Another node may have stored a wider one at the same time, which this one has replaced.
      for (let wider = widest(revocation); isWider(wider, stored); wider = widest(revocation)) {
        stored = wider;
        revision = await put(stored);
      }
      await cluster.askAll(REACHED, revision);
    },
    onChange: (run) => void runs.push(run),
  };
}

const isWider = (one: Revocation, other: Revocation): boolean =>
  'user' in one && 'user' in other && one.issuedBeforeSec > other.issuedBeforeSec;

function keyOf(revocation: Revocation): string {
  const { tenant } = revocation;
  const about = 'jti' in revocation ? [tenant, 'jti', revocation.jti] : [tenant, 'user', revocation.user];
  return toStateKey(PREFIX, JSON.stringify(about));
}

function parseRevocation(text: string): Revocation | undefined {
  try {
    const { tenant, endsSec, jti, user, issuedBeforeSec } = JSON.parse(text) as Record<string, unknown>;
    if (typeof tenant !== 'string' || typeof endsSec !== 'number') return undefined;
    if (typeof jti === 'string') return { tenant, endsSec, jti };
    if (typeof user !== 'string' || typeof issuedBeforeSec !== 'number') return undefined;
    return { tenant, endsSec, user, issuedBeforeSec };
  } catch {
    return undefined;
  }
}
