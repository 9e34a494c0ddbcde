import type { ExplainingNode, Explanation, SessionExplanation } from '@tidings/protocol';
import { type Paint, toSafeLine } from '../terminal-text.ts';

type Fact = readonly [name: string, value: string];

const MOST_TOPICS = 5;
const NAME_WIDTH = 14;

/** An answer for people: what is concluded, the event, a block for each session, and what is not known. Without line breaks. */
export function toLines({ conclusion, user, event, sessions, nodes, lost }: Explanation, paint: Paint): string[] {
  const silent = nodes.flatMap((node) => toSilence(node) ?? []);
  const gone = lost.map(
    ({ node, since, heard }) => `${node}, since ${since}, was last heard at ${heard} and is gone, with what it knew`,
  );
  const blocks = [
    [paint('bold', toSafeLine(conclusion))],
    toBlock(paint, `event ${event.id}`, [
      ['state', event.state],
      ...fact('topic', event.topic),
      ...fact('name', event.event),
      ...fact('time', event.time),
      ...fact('excludes', event.exclude),
      ['user', user],
    ]),
    ...sessions.map((session) => toSession(session, paint)),
    ...[silent, gone]
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.map((line) => toSafeLine(`node ${line}`))),
  ];
  return blocks.flatMap((lines, place) => (place === 0 ? lines : ['', ...lines]));
}

function toSession(session: SessionExplanation, paint: Paint): string[] {
  const { id, edge, opened, closed, end, resumedFrom, topics, matched = [], granted } = session;
  const { written, writtenBy, why, acknowledged, acknowledgedBy, text } = session;
  const facts: Fact[] = [
    ['edge', edge],
    ['opened', opened],
    ...fact('resumed from', resumedFrom),
    ['closed', closed === undefined ? '-' : `${closed}${end === undefined ? '' : ` (${end})`}`],
    ['topics', abridge(matched.length > 0 ? matched : topics)],
    ...(granted === undefined ? [] : fact('granted', granted ? 'yes' : 'no')),
    ['written', [written, why && `(${why})`, writtenBy && `by ${writtenBy}`].filter(Boolean).join(' ')],
    // Of what was not written nobody can have had it from here.
    ...(written === 'no'
      ? []
      : fact('acknowledged', acknowledged + (acknowledgedBy ? ` at ${acknowledgedBy.at}` : ''))),
  ];
  return [...toBlock(paint, `session ${id}`, facts), `  ${toSafeLine(text)}`];
}

function toBlock(paint: Paint, title: string, facts: readonly Fact[]): string[] {
  return [
    paint('cyan', toSafeLine(title)),
    ...facts.map(([name, value]) => `  ${paint('dim', name.padEnd(NAME_WIDTH))}${toSafeLine(value)}`),
  ];
}

const fact = (name: string, value: string | undefined): Fact[] => (value === undefined ? [] : [[name, value]]);

// A session may follow thousands; all of them are in the JSON.
function abridge(topics: readonly string[]): string {
  const more = topics.length - MOST_TOPICS;
  return topics.slice(0, MOST_TOPICS).join(' ') + (more > 0 ? ` and ${more} more` : '');
}

function toSilence({ node, since, journal, complete }: ExplainingNode): string | undefined {
  if (!journal) return `${node} keeps no journal (TIDINGS_JOURNAL_MAX_BYTES)`;
  return complete ? undefined : `${node}, since ${since}, does not know every session that it held since the event`;
}
