import { TidingsError } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { BackEnd } from './action.ts';
import type { DemoApp } from './app-list.ts';
import type { DemoOptions } from './demo.ts';
import { createSurroundings } from './surroundings.ts';

const TOKEN_LIFETIME_SEC = 600;
const RETRY_AFTER_SEC = 60;

export interface BackEndsParts extends Pick<DemoOptions, 'hubUrl' | 'mint' | 'onFault'> {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** The back ends of all applications, each made when it is asked for first. */
export interface BackEnds {
  /** @throws TidingsError `unavailable` when back ends can't reach the hub, as where they can't verify its certificate. */
  get(app: DemoApp): Promise<BackEnd>;
}

export function createBackEnds({ hubUrl, mint, onFault, signal, clock }: BackEndsParts): BackEnds {
  const made = new Map<string, BackEnd>();

  return {
    async get(app) {
      const present = made.get(app.name);
      if (present !== undefined) return present;
      const url = hubUrl();
      await assertReachable(url, signal);
      // Whoever waited here at the same time has made it.
      const backEnd =
        made.get(app.name) ?? app.create(createSurroundings({ url, token: tokenFor(app), signal, clock, onFault }));
      made.set(app.name, backEnd);
      return backEnd;
    },
  };

  function tokenFor({ name, grants }: DemoApp): () => Promise<string> {
    const { publish, watch } = grants;
    const tidings = { publish, ...(watch && { subscribe: watch }) };
    let present: { readonly token: Promise<string>; readonly untilMs: number } | undefined;
    return () => {
      const nowMs = clock.now();
      if (present === undefined || nowMs > present.untilMs) {
        const token = mint({ sub: `demo-${name}`, tidings }, TOKEN_LIFETIME_SEC);
        present = { token, untilMs: nowMs + (TOKEN_LIFETIME_SEC * 1000) / 2 };
      }
      return present.token;
    };
  }
}

async function assertReachable(url: string, signal: AbortSignal): Promise<void> {
  try {
    await fetch(`${url}/demo`, { method: 'HEAD', signal });
  } catch (cause) {
    const { cause: reason } = cause as { readonly cause?: { readonly code?: string } };
    throw new TidingsError(
      'unavailable',
      `The back ends of the demo publish to ${url}, and can't (${reason?.code ?? 'no answer'}). With a certificate of your ` +
        'own, name its authority in NODE_EXTRA_CA_CERTS and 127.0.0.1 among its names, or start the hub without it.',
      { retryAfterSec: RETRY_AFTER_SEC },
      cause,
    );
  }
}
