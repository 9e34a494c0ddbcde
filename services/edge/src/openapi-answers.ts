import { z } from '@hono/zod-openapi';

/** A problem document, as the API reference shows it. */
const problemSchema = z
  .object({ type: z.string(), title: z.string(), status: z.int(), code: z.string(), detail: z.string().optional() })
  .openapi('ReadProblem');

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

/** What every reading request may answer when it fails. */
export const READ_FAILURES = {
  400: problem('The URL can not be read.'),
  401: problem('No token, or one that is not valid.'),
  403: problem('The token does not grant this topic.'),
  422: problem('A parameter has a wrong value.'),
  503: problem('The broker is away, or the node is shutting down.'),
};

export type Failures = typeof READ_FAILURES;
