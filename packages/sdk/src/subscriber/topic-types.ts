/** What is published where: topics and patterns, each with the type of its `data`. */
export type TopicMap = object;

// Whether a topic (or one that ends in a part known only at run time) is matched by a pattern, token by token.
type Matches<Topic extends string, Pattern extends string> = Pattern extends '>'
  ? true
  : Pattern extends `${infer Token}.${infer Others}`
    ? Topic extends `${infer Head}.${infer Rest}`
      ? MatchesToken<Head, Token> extends true
        ? Matches<Rest, Others>
        : false
      : false
    : Topic extends `${string}.${string}`
      ? false
      : MatchesToken<Topic, Pattern>;

type MatchesToken<Token extends string, Wanted extends string> = Wanted extends '*'
  ? true
  : string extends Token
    ? true
    : Token extends Wanted
      ? true
      : false;

/**
 * The type of `data` on a topic: that of the map's entry of this very name, else of every pattern in the map that matches
 * it; `unknown` where none does, and for a topic that is known only at run time.
 */
export type DataOf<Topics extends TopicMap, Topic extends string> = string extends Topic
  ? unknown
  : Topic extends keyof Topics
    ? Topics[Topic]
    : MatchedBy<Topic, keyof Topics & string> extends infer Pattern
      ? [Pattern] extends [never]
        ? unknown
        : Topics[Pattern & keyof Topics]
      : never;

type MatchedBy<Topic extends string, Pattern extends string> = Pattern extends unknown
  ? Matches<Topic, Pattern> extends true
    ? Pattern
    : never
  : never;
