import { randomBytes } from 'node:crypto';
import { mintToken } from '@tidings/auth';
import type { Clock } from '@tidings/runtime';

const LIFETIME_SEC = 86_400;

/** What a newcomer needs to try the hub at once; only ever made in development, where no key was configured. */
export interface DevelopmentKit {
  readonly topic: string;
  readonly subscribeToken: string;
  readonly publishToken: string;
  /** For the console: it may do anything in its tenant. */
  readonly adminToken: string;
}

/** A secret for this process alone: tokens end with it. */
export function createDevelopmentSecret(): string {
  return randomBytes(32).toString('hex');
}

/** Mints one token that may subscribe to everything, one that may publish everything, and an admin's, for a day. */
export async function createDevelopmentKit(secret: string, clock: Clock): Promise<DevelopmentKit> {
  const mint = (sub: string, tidings: object): Promise<string> =>
    mintToken(secret, { sub, tidings }, LIFETIME_SEC, clock);
  return {
    topic: 'demo.1',
    subscribeToken: await mint('dev-subscriber', { subscribe: ['>'] }),
    publishToken: await mint('dev-publisher', { publish: ['>'] }),
    adminToken: await mint('dev-admin', { subscribe: ['>'], publish: ['>'], admin: true }),
  };
}

/** The text that the hub prints at start in development: every line with a command works when pasted. */
export function describeKit(kit: DevelopmentKit, { url, embedded }: { url: string; embedded: boolean }): string {
  const stream = `${url}/v1/stream?topic=${kit.topic}`;
  return `
No key is configured, so this hub made one for itself. Open in a browser:

Demo              ${url}/demo
Console           ${url}/console#token=${kit.adminToken}
Try it            ${url}/

Or use:

Stream URL        ${stream}&access_token=${kit.subscribeToken}
Subscriber token  ${kit.subscribeToken}
Publisher token   ${kit.publishToken}

Receive:
curl -N '${stream}' -H 'Authorization: Bearer ${kit.subscribeToken}'

Publish:
curl '${url}/v1/topics/${kit.topic}/events' -H 'Authorization: Bearer ${kit.publishToken}' -d 'Hello'

${embedded ? "History and tokens live in this process's memory and end" : 'The tokens live in this process and end'} with it.
LOG_LEVEL=debug shows each request.
`;
}
