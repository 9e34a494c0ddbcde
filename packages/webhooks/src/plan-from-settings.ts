import { readFileSync } from 'node:fs';
import { ConfigurationError, type Settings } from '@tidings/runtime';
import { parseWebhooksFile, type WebhooksPlan } from './webhooks-file.ts';

/**
 * The webhooks that the settings name; `undefined` where they name none: then nothing is reported or sent.
 * @throws ConfigurationError with a line for each fault of the file.
 */
export function readWebhooksPlan({ webhooksFile }: Pick<Settings, 'webhooksFile'>): WebhooksPlan | undefined {
  if (webhooksFile === undefined) return undefined;
  try {
    return parseWebhooksFile(readFileSync(webhooksFile, 'utf8'));
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    throw new ConfigurationError(lines.map((line) => `TIDINGS_WEBHOOKS_FILE: ${line}`));
  }
}
