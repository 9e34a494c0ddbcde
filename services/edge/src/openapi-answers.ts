import { type ProblemAnswer, type ServiceApp, toProblemAnswer } from '@tidings/runtime';

/** What every reading request may answer when it fails. */
export const READ_FAILURES: Record<400 | 401 | 403 | 421 | 422 | 429 | 503, ProblemAnswer> = {
  400: toProblemAnswer('The URL can not be read.'),
  401: toProblemAnswer('No token, or one that is not valid.'),
  403: toProblemAnswer('The token does not grant this topic.'),
  421: toProblemAnswer('Another cell serves this tenant or user; host is the URL of its edge.'),
  422: toProblemAnswer('A parameter has a wrong value.'),
  429: toProblemAnswer('The user, the tenant or the address asks too often, or has too many streams open.'),
  503: toProblemAnswer('Something that is needed is away, the node is full, or it is shutting down.'),
};

export type Failures = typeof READ_FAILURES;

type RouteConfig = Parameters<ServiceApp['openAPIRegistry']['registerPath']>[0];

/** Describes routes in the application's document, each with what it may answer when it fails. */
export function describeRoutes(app: ServiceApp, routes: readonly RouteConfig[], failures: Failures): void {
  for (const route of routes) {
    app.openAPIRegistry.registerPath({ ...route, responses: { ...route.responses, ...failures } });
  }
}
