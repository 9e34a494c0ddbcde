import { covers, isPattern, isReservedTopic, overlaps } from '@tidings/protocol';

/** How the topics of one pattern are handled (contract section 2). */
export interface TopicClass {
  /** May be streamed, read as history and positioned without a token. */
  readonly public: boolean;
  /** Seconds kept in history unless the publisher says otherwise. */
  readonly ttl?: number;
  /** Whether history keeps it unless the publisher says otherwise. */
  readonly store?: boolean;
}

/** The topic classes file, in force. */
export interface TopicClasses {
  /** The class of a topic: the first pattern that matches; `{ public: false }` where none does. */
  classOf(topic: string): TopicClass;
  /**
   * Whether every topic that a topic or pattern matches is public. May say no to a pattern whose topics are public only
   * by several classes together, and never yes to one with a topic that is not.
   */
  isPublic(pattern: string): boolean;
  /** Whether any class is public: then the position may be asked for without a token too. */
  readonly hasPublic: boolean;
}

const UNCLASSED: TopicClass = Object.freeze({ public: false });

/**
 * Reads the topic classes file: a JSON object of pattern -> `{ "public": true, "ttl": 86400, "store": true }`, every
 * member optional, the first match first.
 * @throws TypeError that lists every problem, one a line: not JSON, a pattern that is illegal, the hub's own or there
 *   twice, an unknown member, a wrong type, a ttl that is not whole seconds from 1.
 */
export function parseTopicClasses(jsonText: string): TopicClasses {
  const file = parseObject(jsonText);
  const patterns = topLevelNames(jsonText);
  const problems = patterns.flatMap((pattern, place) => [
    ...patternProblems(pattern, patterns.indexOf(pattern) !== place),
    ...classProblems(pattern, file[pattern]),
  ]);
  if (problems.length > 0) throw new TypeError(problems.join('\n'));
  return createTopicClasses(patterns.map((pattern) => [pattern, toClass(file[pattern] as Partial<TopicClass>)]));
}

function createTopicClasses(classes: readonly (readonly [pattern: string, topicClass: TopicClass])[]): TopicClasses {
  return {
    hasPublic: classes.some(([, topicClass]) => topicClass.public),
    classOf: (topic) => classes.find(([pattern]) => covers(pattern, topic))?.[1] ?? UNCLASSED,
    isPublic(wanted) {
      for (const [pattern, topicClass] of classes) {
        if (covers(pattern, wanted)) return topicClass.public;
        // Some of the wanted topics belong to this class; a public one takes them out of what is still to be decided.
        if (!topicClass.public && overlaps(pattern, wanted)) return false;
      }
      return false;
    },
  };
}

function parseObject(jsonText: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(jsonText);
  } catch (cause) {
    throw new TypeError(`The topic classes are not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isRecord(value)) throw new TypeError('The topic classes are not a JSON object of pattern -> class.');
  return value;
}

// `Object.keys` would move names such as "42", a legal topic, to the front, and hide one that stands there twice: with
// "the first match wins" both change who reads what. The text must be JSON, and an object.
function topLevelNames(jsonText: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [, name, colon, bracket] of jsonText.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{}[\]])/g)) {
    if (bracket !== undefined) depth += bracket === '{' || bracket === '[' ? 1 : -1;
    else if (depth === 1 && colon !== undefined) names.push(JSON.parse(name ?? ''));
  }
  return names;
}

function patternProblems(pattern: string, repeated: boolean): string[] {
  const problems: string[] = [];
  if (!isPattern(pattern)) problems.push('is not a legal topic or pattern');
  else if (isReservedTopic(pattern)) problems.push("starts with $, which is the hub's own");
  if (repeated) problems.push('stands there twice');
  return problems.map((problem) => `${JSON.stringify(pattern)} ${problem}.`);
}

const MEMBERS: Readonly<Record<keyof TopicClass, { fault: string; isLegal: (value: unknown) => boolean }>> = {
  public: { fault: 'is not true or false', isLegal: (value) => typeof value === 'boolean' },
  ttl: {
    fault: 'is not a whole number of seconds from 1',
    isLegal: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  },
  store: { fault: 'is not true or false', isLegal: (value) => typeof value === 'boolean' },
};

function classProblems(pattern: string, value: unknown): string[] {
  const where = JSON.stringify(pattern);
  if (!isRecord(value)) return [`${where} is not an object of public, ttl and store.`];
  return Object.entries(value).flatMap(([name, member]) => {
    if (!Object.hasOwn(MEMBERS, name)) return [`${where} has an unknown member ${JSON.stringify(name)}.`];
    const { fault, isLegal } = MEMBERS[name as keyof TopicClass];
    return isLegal(member) ? [] : [`${where}: ${name} ${fault}.`];
  });
}

function toClass(members: Partial<TopicClass>): TopicClass {
  return Object.freeze({ public: false, ...members });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
