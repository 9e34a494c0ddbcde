export { createDispatcher, type Dispatcher, type DispatcherParts } from './dispatcher.ts';
export { readSecrets } from './secrets.ts';
export { addWebhooks, type WebhookRouteParts } from './webhook-routes.ts';
export { notePersonal, personalLeaseMs, startWebhooks } from './webhooks-service.ts';
