import type { Tidings } from '../subscriber/tidings.ts';
import type { TopicMap } from '../subscriber/topic-types.ts';

/**
 * Where an application says once which client it has, so that every hook knows its topics:
 *
 * @example
 * export const tidings = createTidings<{ 'orders.*': Order }>({ token });
 * declare module '@tidings/sdk/react' {
 *   interface Register { tidings: typeof tidings }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: the application fills it.
export interface Register {}

/** The topics of the registered client; while there is none, every topic has `unknown` data. */
export type RegisteredTopics<In = Register> = In extends { tidings: Tidings<infer Topics extends TopicMap> }
  ? Topics
  : Record<string, unknown>;
