import type { Tidings, TidingsOptions } from './tidings.ts';
import type { TopicMap } from './topic-types.ts';

export function createTidings<Topics extends TopicMap = Record<string, unknown>>(
  _options: TidingsOptions = {},
): Tidings<Topics> {
  throw new Error('not yet');
}
