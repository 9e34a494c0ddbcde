import { createSecretSource, createVerifier, mintToken } from '@tidings/auth';
import type { DevelopmentTools } from '@tidings/console';
import { createDemo, type Demo } from '@tidings/demo';
import type { EdgeService } from '@tidings/edge';
import { TidingsError } from '@tidings/protocol';
import type { Clock, Logger, ServiceApp } from '@tidings/runtime';
import type { DevelopmentKit } from './development.ts';
import { addNewcomerPage } from './newcomer-page.ts';

export interface DevelopmentPagesParts {
  readonly kit: DevelopmentKit;
  /** Of this process alone. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly edge: Pick<EdgeService, 'cut'>;
  /** Where the hub listens. */
  readonly hubUrl: () => string;
}

/** What a hub that made its own secret shows beside the API: the page at `/`, the demo, and the console's tools. */
export function addDevelopmentPages(
  app: ServiceApp,
  { kit, secret, clock, log, edge, hubUrl }: DevelopmentPagesParts,
): { readonly demo: Demo; readonly tools: DevelopmentTools } {
  addNewcomerPage(app, kit);
  const demo = createDemo({
    hubUrl,
    mint: (claims, lifetimeSec) => mintToken(secret, claims, lifetimeSec, clock),
    onFault: (error) => log.error({ err: error }, 'a back end of the demo failed'),
    clock,
  });
  app.route('/', demo.routes);
  const verifier = createVerifier({ keys: [createSecretSource([secret])], clock });
  const tools: DevelopmentTools = {
    async isAdmin(token) {
      const result = await verifier.verify(token);
      return result.ok && result.grant.admin;
    },
    mint: (claims, lifetimeSec) => mintToken(secret, claims, lifetimeSec, clock),
    faults: [
      {
        name: 'drop-connection',
        async run(session) {
          if (!edge.cut(session)) throw new TidingsError('not-found', 'There is no such session.');
          return `The connection of session ${session} was cut, without a word.`;
        },
      },
    ],
  };
  return { demo, tools };
}
