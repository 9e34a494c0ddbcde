import type { IncomingMessage, ServerResponse } from 'node:http';
import { TidingsError } from '@tidings/protocol';
import { isLocal } from '@tidings/runtime';

/** What the routes of the demo find in their context, as on Node. */
export interface DemoEnv {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
}

/** @throws TidingsError `forbidden` for a request that does not come from this machine by a loopback name. */
export function assertLocal(incoming: IncomingMessage): void {
  if (!isLocal(incoming)) {
    throw new TidingsError(
      'forbidden',
      'The demo gives tokens to whoever asks: open it on the machine of the hub, as localhost or 127.0.0.1.',
    );
  }
}
