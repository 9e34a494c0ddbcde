import { runServiceProcess } from '@tidings/runtime';
import { startWebhooks } from './webhooks-service.ts';

await runServiceProcess('webhooks', { shared: true }, startWebhooks);
