import { MAX_REPLAY_COUNT } from '@tidings/protocol/client';

/** What is to come of the past: a number is the last so many. */
export type Replay = 'none' | 'last' | 'all' | number;

/** What the page follows, as a link says it. */
export interface LiveAddress {
  readonly topics: readonly string[];
  readonly replay: Replay;
}

/** Reads `#/live?topic=a&topic=b&replay=last`. A replay that is none of ours is `none`. */
export function parseLiveAddress(hash: string): LiveAddress {
  const query = new URLSearchParams(hash.includes('?') ? hash.slice(hash.indexOf('?')) : '');
  const topics = [...new Set(query.getAll('topic').filter((topic) => topic !== ''))];
  return { topics, replay: parseReplay(query.get('replay') ?? '') };
}

export function toLiveAddress({ topics, replay }: LiveAddress): string {
  const query = new URLSearchParams(topics.map((topic) => ['topic', topic]));
  if (replay !== 'none' && topics.length > 0) query.set('replay', String(replay));
  return `#/live${topics.length > 0 ? `?${query}` : ''}`;
}

function parseReplay(text: string): Replay {
  if (text === 'last' || text === 'all') return text;
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_REPLAY_COUNT ? count : 'none';
}
