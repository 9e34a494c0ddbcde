import { z } from '@hono/zod-openapi';

/** A problem document, as the API reference shows it. */
export const problemSchema: z.ZodType = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable: program against it.' }),
    detail: z.string().optional(),
    pointer: z.string().optional().openapi({ description: 'JSON pointer to the field at fault.' }),
    parameter: z.string().optional().openapi({ description: 'Query parameter or header at fault.' }),
    topic: z.string().optional().openapi({ description: 'The topic or pattern at fault, of those named.' }),
    host: z.string().optional().openapi({ description: 'Of wrong-cell: the URL of the server to ask instead.' }),
    position: z.int().optional().openapi({ description: 'Where in the body, in characters.' }),
  })
  .openapi('Problem');

/** A failure of a request, for its description. */
export interface ProblemAnswer {
  readonly description: string;
  readonly content: { readonly 'application/problem+json': { readonly schema: z.ZodType } };
}

/** Describes one failure of a request. */
export function toProblemAnswer(description: string): ProblemAnswer {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } };
}
