import { startHub } from '@tidings/hub';
import { createLogger, loadSettings } from '@tidings/runtime';
import { createPublisher, type Publisher } from '@tidings/sdk/publisher';

/** A deployment with a console, however many processes it has. */
export interface Site {
  readonly name: string;
  readonly url: string;
  /** Of an admin who may subscribe to and publish everything. */
  readonly adminToken: string;
  readonly publisher: Publisher;
  /** There is a page for newcomers at `/`. */
  readonly hasFirstPage: boolean;
  stop(): Promise<void>;
}

/** A hub as a newcomer starts it, with its demo and the console's tools. */
export async function startHubSite(env: NodeJS.ProcessEnv = {}): Promise<Site> {
  const log = createLogger('hub', 'fatal', { write() {} });
  const hub = await startHub(
    loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JOURNAL_MAX_BYTES: '1000000', ...env }),
    log,
  );
  if (hub.kit === undefined) throw new Error('the hub made no tokens: a key is configured');
  const { adminToken } = hub.kit;
  const publisher = createPublisher({ url: hub.url, token: adminToken });
  return { name: 'the hub', url: hub.url, adminToken, publisher, hasFirstPage: true, stop: () => hub.stop() };
}
