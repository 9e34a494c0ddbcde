import type { LedgerTopic } from './ledger.ts';

const GROUPS = 6;
const MEMBERS = 10;
const topicOf = (group: number, member: number): string => `chaos.${group}.${member}`;

const STORED = Array.from({ length: GROUPS * MEMBERS }, (_, index) =>
  topicOf(Math.floor(index / MEMBERS), index % MEMBERS),
);

/** Sixty topics whose events must all arrive, and a few whose events may be missed. */
export const TOPICS: readonly LedgerTopic[] = [
  ...STORED.map((name) => ({ name, kind: 'stored' as const })),
  ...[0, 1, 2].map((place) => ({ name: `chaos.brief.${place}`, kind: 'brief' as const })),
  ...[0, 1, 2].map((place) => ({ name: `chaos.unstored.${place}`, kind: 'unstored' as const })),
];

type Plan = (place: number) => readonly string[];

const everything: Plan = () => ['chaos.>'];
const acrossGroups: Plan = (place) => [`chaos.*.${place % MEMBERS}`];
const oneGroup: Plan = (place) => [`chaos.${place % GROUPS}.*`];
const oneTopic: Plan = (place) => [STORED[(place * 7) % STORED.length] as string];
const manyTopics: Plan = (place) => STORED.filter((_, index) => (index * 5 + place) % 12 < 5);
// An event that several of them match is still one event.
const overlapping: Plan = (place) => {
  const [group, member] = [place % GROUPS, place % MEMBERS];
  return [`chaos.${group}.*`, `chaos.*.${member}`, topicOf(group, member), 'chaos.brief.*', 'chaos.unstored.>'];
};

/** Shares of a population: most follow little, few follow everything. */
const SHARES: readonly (readonly [number, Plan])[] = [
  [1, everything],
  [4, acrossGroups],
  [4, oneGroup],
  [7, oneTopic],
  [2, manyTopics],
  [2, overlapping],
];
const CYCLE = SHARES.flatMap(([share, plan]) => Array.from({ length: share }, () => plan));

/** What the subscriber of this place asks for. */
export function patternsOf(place: number): readonly string[] {
  const plan = CYCLE[place % CYCLE.length] as Plan;
  return plan(place);
}

// No edge follows everything, and what it follows changes as its clients come and go.
const fewTopics: Plan = (place) => STORED.filter((_, index) => (index * 7 + place) % 30 === 0);
const NARROW: readonly Plan[] = [oneTopic, oneTopic, fewTopics, oneTopic, fewTopics];

/** The same of subscribers who together follow little, so that every edge is sent only a part. */
export function narrowPatternsOf(place: number): readonly string[] {
  // One in twenty has a pattern.
  const plan = place % 20 === 19 ? oneGroup : (NARROW[place % NARROW.length] as Plan);
  return plan(place);
}
