import { runBroadcast } from '../scenario/broadcast.ts';
import { startHubSubject } from '../server/tidings.ts';
import { type Breakdown, breakDown, type CpuProfile, type SelfTime } from './self-time.ts';

const MOST_FUNCTIONS = 15;

/** Runs the broadcast over HTTP/1.1 once, with the hub profiled while events flow, and nothing before that. */
export async function profileBroadcast(): Promise<Breakdown> {
  let profile: CpuProfile | undefined;
  const load = { streams: 1_000, requests: 300, batchSize: 1 };
  await runBroadcast(() => startHubSubject({ transport: 'h1' }), load, {
    begin: ({ process }) => process.startProfile(),
    async end({ process }) {
      profile = ((await process.stopProfile()) as { profile: CpuProfile }).profile;
    },
  });
  return breakDown(profile as CpuProfile, MOST_FUNCTIONS);
}

/** Both views as tables of Markdown, which read well in a terminal too. */
export function toProfileTables({ categories, functions }: Breakdown): string {
  const table = (title: string, times: readonly SelfTime[]): string =>
    [`| ${title} | self time |`, '|---|---:|', ...times.map(toLine)].join('\n');
  return `${table('where', categories)}\n\n${table('function', functions)}`;
}

const toLine = ({ name, share }: SelfTime): string =>
  `| ${name.replaceAll('|', '\\|')} | ${(share * 100).toFixed(1)}% |`;
