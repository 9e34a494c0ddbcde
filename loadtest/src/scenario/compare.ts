import { BETTER_SSE } from '../peer/better-sse.ts';
import { C_FLOOR } from '../peer/c-floor.ts';
import { NCHAN } from '../peer/nchan.ts';
import type { Peer } from '../peer/peer.ts';
import { atLeast, type Verdict } from '../report/goal.ts';
import { failedRow, type Measurement, type Row } from '../report/row.ts';
import { median, medianBy } from '../report/statistics.ts';
import { startFloor } from '../server/floor.ts';
import { startHubSubject } from '../server/tidings.ts';
import { runBroadcast } from './broadcast.ts';
import type { BenchContext, Scenario } from './context.ts';
import { runIdle } from './idle.ts';

const OPTIONS = { transport: 'h1', flags: ['--expose-gc'] } as const;
const TIDINGS: Peer = {
  name: 'Tidings',
  findMissing: async () => undefined,
  start: () => startHubSubject(OPTIONS),
};
const RAW_NODE: Peer = { name: 'raw Node', findMissing: async () => undefined, start: () => startFloor(OPTIONS) };
const PEERS: readonly Peer[] = [TIDINGS, RAW_NODE, C_FLOOR, NCHAN, BETTER_SSE];
const KIB = 1_024;

/** How fast it has to be beside each, in one run. */
const SHARES: readonly { readonly peer: Peer; readonly least: number }[] = [
  { peer: C_FLOOR, least: 0.6 },
  { peer: NCHAN, least: 1 },
  { peer: BETTER_SSE, least: 2 },
];

const BROADCAST = { name: 'compare-broadcast', title: 'broadcast to 1,000, HTTP/1.1' };
const IDLE = { name: 'compare-idle', title: 'memory of idle streams, HTTP/1.1' };

/** Runs the work of `measure` for every peer in turn; who can not be run gets a row that says why. */
async function forEachPeer(
  { name, title }: typeof BROADCAST,
  rounds: number,
  { tell }: BenchContext,
  measure: (peer: Peer) => Promise<void>,
): Promise<Row[]> {
  const absent = new Map<Peer, Row>();
  for (const peer of PEERS) {
    const missing = await peer.findMissing();
    if (missing !== undefined) absent.set(peer, skippedRow(name, title, peer, missing));
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of PEERS) {
      if (absent.has(peer)) continue;
      tell(`${title}: ${peer.name}`);
      try {
        await measure(peer);
      } catch (error) {
        absent.set(peer, { ...failedRow(name, title, error), subject: peer.name });
      }
    }
  }
  return [...absent.values()];
}

const skippedRow = (scenario: string, title: string, peer: Peer, why: string): Row => ({
  scenario,
  title,
  subject: peer.name,
  figure: 'skipped',
  verdicts: [],
  notes: [why],
});

async function compareBroadcast(context: BenchContext): Promise<Row[]> {
  const results = new Map<Peer, Measurement[]>(PEERS.map((peer) => [peer, []]));
  const load = { streams: 1_000, requests: context.quick ? 50 : 200, batchSize: 1 };
  const absent = await forEachPeer(BROADCAST, context.quick ? 1 : 3, context, async (peer) => {
    results.get(peer)?.push(await runBroadcast(peer.start, load));
  });
  const speeds = (peer: Peer): number[] => (results.get(peer) ?? []).map(({ rate }) => rate?.perCpuSec ?? 0);
  const rows = [...results].flatMap(([peer, rounds]): Row[] => {
    if (rounds.length === 0) return [];
    const middle = medianBy(rounds, ({ rate }) => rate?.perCpuSec ?? 0);
    const ratio = median(speeds(peer).map((speed, index) => speed / (speeds(RAW_NODE)[index] ?? Number.NaN)));
    const verdicts = peer === TIDINGS ? judge(speeds) : [];
    return [{ scenario: BROADCAST.name, title: BROADCAST.title, subject: peer.name, ...middle, ratio, verdicts }];
  });
  return [...rows, ...absent];
}

function judge(speeds: (peer: Peer) => number[]): Verdict[] {
  return SHARES.flatMap(({ peer, least }) => {
    const theirs = speeds(peer);
    if (theirs.length === 0) return [];
    const share = median(speeds(TIDINGS).map((own, index) => own / (theirs[index] ?? Number.NaN)));
    return [atLeast(`>= ${least} x ${peer.name} (${share.toFixed(2)})`, share, least)];
  });
}

async function compareIdle(context: BenchContext): Promise<Row[]> {
  const streams = context.quick ? 1_000 : 5_000;
  const rows: Row[] = [];
  const absent = await forEachPeer(IDLE, 1, context, async (peer) => {
    const { bytesPerStream, rssBytes } = await runIdle(peer.start, streams);
    const figure = `${(bytesPerStream / KIB).toFixed(1)} KiB a stream`;
    const notes = [`${streams} streams`];
    rows.push({ scenario: IDLE.name, title: IDLE.title, subject: peer.name, figure, rssBytes, verdicts: [], notes });
  });
  return [...rows, ...absent];
}

/** The same work for other servers, with `--compare`. */
export const COMPARISONS: readonly Scenario[] = [
  { ...BROADCAST, run: compareBroadcast },
  { ...IDLE, run: compareIdle },
];
