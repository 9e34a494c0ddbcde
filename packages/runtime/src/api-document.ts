import { createReferencePage } from './reference-page.ts';
import type { ServiceApp } from './service-app.ts';
import { VERSION } from './version.ts';

/** Adds `/openapi.json`, generated from the routes that were registered, and `/docs`, a page that shows it. */
export function addApiDocument(app: ServiceApp, title: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Or the cookie, or the query parameter access_token: the first found wins.',
  });
  const document = JSON.stringify(
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title,
        version: VERSION,
        description: 'Publish over REST, receive on a plain EventSource, resume exactly.',
      },
    }),
  );
  app.get('/openapi.json', (context) => context.body(document, 200, { 'Content-Type': 'application/json' }));
  app.route('/', createReferencePage());
}
