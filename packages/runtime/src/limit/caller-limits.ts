import { exhausted, rateLimited } from './limit-headers.ts';
import { createRate, type Rate, type Standing } from './rate.ts';

/** How much each may do in a second; 0 or left out: any amount. */
export interface CallerRates {
  readonly user?: number;
  readonly tenant?: number;
  readonly address?: number;
  readonly userBytes?: number;
  readonly tenantBytes?: number;
}

/** Whom a request counts for; what is left out is not counted. */
export interface Caller {
  readonly user?: string;
  readonly tenant?: string;
  /** As `toNetwork` makes it. */
  readonly address?: string;
}

/** What a request counts. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** Rates by user, tenant and address that hold together: a request takes of all of them, or of none. */
export interface CallerLimits {
  /** Addresses matter: asking a socket for its own costs a system call. */
  readonly countsAddresses: boolean;
  /**
   * What is left to the caller.
   * @throws TidingsError `rate-limited` when nothing is left of one of the limits.
   */
  check(caller: Caller): Promise<readonly Standing[]>;
  /**
   * Takes the amount, however large, while anything is left of each limit.
   * @returns what is left then.
   * @throws TidingsError `rate-limited`; nothing is taken then.
   */
  take(caller: Caller, amount: Amount): Promise<readonly Standing[]>;
  /** Takes without asking, for what is done already. */
  charge(caller: Caller, amount: Amount): Promise<readonly Standing[]>;
}

/** Tenants have users of the same name; no tenant's name holds a line break. All tokens of a tenant without `sub` are one user. */
export function toUserKey(tenant: string, user: string | undefined): string {
  return `${tenant}\n${user ?? ''}`;
}

interface Limit {
  readonly party: keyof Caller;
  readonly measure: keyof Amount;
  readonly rate: Rate;
}

/**
 * `undefined` when there is no limit at all.
 * @param nameOf how clients are told of the limit of a party; by its own name when left out.
 */
export function createCallerLimits(
  rates: CallerRates,
  nameOf: (party: keyof Caller) => string = (party) => party,
): CallerLimits | undefined {
  const limits: Limit[] = [];
  for (const party of ['user', 'tenant', 'address'] as const) {
    const perSec = rates[party] ?? 0;
    if (perSec > 0) limits.push({ party, measure: 'count', rate: createRate(nameOf(party), perSec) });
  }
  for (const party of ['user', 'tenant'] as const) {
    const perSec = rates[`${party}Bytes`] ?? 0;
    const name = `${nameOf(party)}-bytes`;
    if (perSec > 0) limits.push({ party, measure: 'bytes', rate: createRate(name, perSec, 'content-bytes') });
  }
  if (limits.length === 0) return undefined;

  // The library answers by promises: what looks first and takes then has to have its turn alone.
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<Value>(run: () => Promise<Value>): Promise<Value> {
    const result = turn.then(run);
    turn = result.catch(() => {});
    return result;
  }

  type Touch = (limit: Limit, key: string) => Promise<Standing>;
  async function each(caller: Caller, touch: Touch): Promise<readonly Standing[]> {
    const standings: Standing[] = [];
    for (const limit of limits) {
      const key = caller[limit.party];
      if (key !== undefined) standings.push(await touch(limit, key));
    }
    return standings;
  }
  async function check(caller: Caller): Promise<readonly Standing[]> {
    const standings = await each(caller, ({ rate }, key) => rate.standing(key));
    const refusal = exhausted(standings);
    if (refusal !== undefined) throw rateLimited(refusal, standings);
    return standings;
  }
  const charge = (caller: Caller, amount: Amount): Promise<readonly Standing[]> =>
    each(caller, ({ rate, measure }, key) => rate.take(key, amount[measure]));

  return {
    countsAddresses: limits.some(({ party }) => party === 'address'),
    check: (caller) => inTurn(() => check(caller)),
    take: (caller, amount) =>
      inTurn(async () => {
        await check(caller);
        return charge(caller, amount);
      }),
    charge: (caller, amount) => inTurn(() => charge(caller, amount)),
  };
}
