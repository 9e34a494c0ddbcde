import { createSecretSource, createVerifier, mintToken } from '@tidings/auth';
import type { DevelopmentTools, Fault } from '@tidings/console';
import { createDemo, type Demo } from '@tidings/demo';
import { TidingsError } from '@tidings/protocol';
import type { Clock, Logger } from '@tidings/runtime';

export interface DevelopmentPagesParts {
  /** Of this deployment alone. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where clients find the deployment; asked for when the first page is opened, and not before. */
  readonly hubUrl: () => string;
  /** Breaks the connection of a session without a word; answers whether there was one. */
  readonly cut: (session: string) => boolean;
  /** What else can be broken. */
  readonly faults?: readonly Fault[];
}

/** What a deployment for development shows beside the API: the demo, and the console's tools. */
export interface DevelopmentPages {
  readonly demo: Demo;
  readonly tools: DevelopmentTools;
}

export function createDevelopmentPages(parts: DevelopmentPagesParts): DevelopmentPages {
  const { secret, clock, log, hubUrl, cut, faults = [] } = parts;
  const mint: DevelopmentTools['mint'] = (claims, lifetimeSec) => mintToken(secret, claims, lifetimeSec, clock);
  const verifier = createVerifier({ keys: [createSecretSource([secret])], clock });
  const demo = createDemo({
    hubUrl,
    mint,
    onFault: (error) => log.error({ err: error }, 'a back end of the demo failed'),
    clock,
  });
  const dropConnection: Fault = {
    name: 'drop-connection',
    async run(session) {
      if (!cut(session)) throw new TidingsError('not-found', 'There is no such session.');
      return `The connection of session ${session} was cut, without a word.`;
    },
  };
  const tools: DevelopmentTools = {
    async isAdmin(token) {
      const result = await verifier.verify(token);
      return result.ok && result.grant.admin;
    },
    mint,
    faults: [dropConnection, ...faults],
  };
  return { demo, tools };
}
