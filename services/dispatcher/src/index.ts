export { createDispatcher, type Dispatcher, type DispatcherParts } from './dispatcher.ts';
export { readSecrets } from './secrets.ts';
export { addWebhooks, type WebhookRouteParts } from './webhook-routes.ts';
export { personalLeaseMs, startWebhooks, tellingOfPersonal } from './webhooks-service.ts';
