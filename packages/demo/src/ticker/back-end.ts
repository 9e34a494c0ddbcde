import { createPublisher } from '@tidings/sdk/publisher';
import type { BackEnd } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

export interface Quote {
  price: number;
  /** Since the quote before. */
  change: number;
}

export interface Match {
  home: number;
  away: number;
  minute: number;
  /** What happened last. */
  news: string;
}

export interface TickerTopics {
  'demo.stock.*': Quote;
  'demo.match': Match;
}

const SYMBOLS = ['ACME', 'BOLT', 'CORK', 'DUNE', 'ECHO', 'FERN', 'GLOW', 'HALO', 'IRIS', 'JADE'];
const QUOTES_EVERY_MS = 200;
const MINUTE_MS = 1_000;
const FULL_TIME = 90;
const TEAMS = { home: 'Lions', away: 'Owls' };
const KICK_OFF: Match = { home: 0, away: 0, minute: 0, news: 'Kick-off' };

/** The match a minute later. */
export function playOn(match: Match, random: () => number = Math.random): Match {
  if (match.minute === FULL_TIME) return KICK_OFF;
  const minute = match.minute + 1;
  const team = random() < 0.55 ? 'home' : 'away';
  const scored = random() > 0.96 && { [team]: match[team] + 1, news: `${minute}′ Goal for the ${TEAMS[team]}` };
  return { ...match, minute, ...scored, ...(minute === FULL_TIME && { news: 'Full time' }) };
}

/** The next quote: half a per cent up or down, at most. */
export function trade({ price }: Quote, random: () => number = Math.random): Quote {
  const next = Math.max(1, Math.round(price * (0.995 + random() * 0.01) * 100) / 100);
  return { price: next, change: Math.round((next - price) * 100) / 100 };
}

export function createTicker({ hub, whileWatched }: Surroundings): BackEnd {
  const publisher = createPublisher<TickerTopics>(hub);
  const quotes = new Map(
    SYMBOLS.map((symbol, place): [string, Quote] => [symbol, { price: 40 + 17 * place, change: 0 }]),
  );
  let match = KICK_OFF;

  whileWatched('demo.match', QUOTES_EVERY_MS, () => {
    for (const [symbol, quote] of quotes) quotes.set(symbol, trade(quote));
    return publisher.publishMany([...quotes].map(([symbol, data]) => ({ topic: `demo.stock.${symbol}`, data })));
  });
  whileWatched('demo.match', MINUTE_MS, () => {
    match = playOn(match);
    return publisher.publish('demo.match', match);
  });

  return {};
}
