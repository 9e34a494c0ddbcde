import type { Grant } from '@tidings/auth';
import type { PublishInput } from '@tidings/broker';
import {
  type Caller,
  type CallerLimits,
  clientAddressOf,
  createCallerLimits,
  type ServiceContext,
  type Settings,
  type Standing,
  toLimitHeaders,
  toNetwork,
  toUserKey,
} from '@tidings/runtime';
import type { PublishResult } from './publish.ts';
import { type Quota, quotaExceeded } from './quota.ts';

/**
 * Lets all of a request through before any of it is published, and is told in the end what became of it.
 * @param results how many the answer has: what is counted.
 * @param inputs what is published of them.
 * @throws TidingsError `rate-limited`, `quota-exceeded`; nothing was published, and nothing counts.
 */
export type Admit = (results: number, inputs: readonly PublishInput[]) => Promise<Report>;

/** Told what became of everything that was let through. */
type Report = (results: readonly PublishResult[]) => void;

/** Holds what is published to the rates and the quota. */
export interface PublishLimits {
  /**
   * Runs a request of whoever has the grant. One that fails as a whole before it asks to be admitted counts as one event.
   * @throws TidingsError `rate-limited`, `quota-exceeded` before it runs when nothing is left: its body is never read.
   */
  run(context: ServiceContext, grant: Grant, publish: (admit: Admit) => Promise<Response>): Promise<Response>;
}

/** The settings that limits of publishing are made of. */
export type PublishRates = Pick<
  Settings,
  'ratePublish' | 'ratePublishPerTenant' | 'ratePublishPerAddress' | 'ratePublishBytes' | 'ratePublishBytesPerTenant'
>;

/** `undefined` when there is neither a rate nor a quota. */
export function createPublishLimits(settings: PublishRates, quota: Quota | undefined): PublishLimits | undefined {
  const rates = createCallerLimits({
    user: settings.ratePublish,
    tenant: settings.ratePublishPerTenant,
    address: settings.ratePublishPerAddress,
    userBytes: settings.ratePublishBytes,
    tenantBytes: settings.ratePublishBytesPerTenant,
  });
  if (rates === undefined && quota === undefined) return undefined;

  return {
    async run(context, grant, publish) {
      const { tenant } = grant;
      const caller = callerOf(context, grant, rates);
      const tell = (standings: readonly Standing[] = []): void => {
        const all = quota === undefined ? standings : [...standings, quota.standing(tenant)];
        context.set('limitHeaders', toLimitHeaders(all));
      };
      tell(await rates?.check(caller));
      const today = quota?.standing(tenant);
      if (today?.left === 0) throw quotaExceeded(today);
      let asked = false;
      try {
        return await publish(async (results, inputs) => {
          asked = true;
          const settle = quota?.reserve(tenant, inputs.length);
          try {
            tell(await rates?.take(caller, { count: results, bytes: bytesOf(inputs) }));
          } catch (error) {
            settle?.(0);
            throw error;
          }
          return (published) => settle?.(published.filter(isStored).length);
        });
      } catch (error) {
        if (!asked) await rates?.charge(caller, { count: 1, bytes: 0 });
        throw error;
      }
    },
  };
}

function callerOf(context: ServiceContext, { tenant, user }: Grant, rates: CallerLimits | undefined): Caller {
  const caller = { tenant, user: toUserKey(tenant, user) };
  if (rates === undefined || !rates.countsAddresses) return caller;
  return { ...caller, address: toNetwork(clientAddressOf(context)) };
}

const bytesOf = (inputs: readonly PublishInput[]): number => inputs.reduce((sum, { data }) => sum + data.length, 0);

// What an idempotency key has stored before is not published again.
const isStored = ({ status, duplicate }: PublishResult): boolean => status === 202 && duplicate !== true;
