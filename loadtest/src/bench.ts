import { cpus } from 'node:os';
import { type BroadcastOptions, type Round, runBroadcast } from './broadcast.ts';

const OPTIONS: BroadcastOptions = { streams: 1_000, events: 200, payloadBytes: 200 };
const ROUNDS = 3;

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

console.log(
  `Broadcast: ${OPTIONS.streams} streams on one topic over HTTP/1.1, ${OPTIONS.payloadBytes} B, un-coalesced,`,
);
console.log(`${ROUNDS} rounds of ${OPTIONS.events} events each, in turn with raw socket writes by Node alone.`);
console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`);

const rows: { tidings: Round; raw: Round }[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const raw = await runBroadcast('raw-server.js', OPTIONS);
  const tidings = await runBroadcast('tidings-server.js', OPTIONS);
  rows.push({ tidings, raw });
}

// The pairs of one round ran side by side, so their ratio stands even where the machine's speed drifts.
const ratio = median(rows.map(({ tidings, raw }) => tidings.deliveriesPerCpuSec / raw.deliveriesPerCpuSec));
const summary = (pick: (row: (typeof rows)[number]) => Round): object => ({
  'deliveries per CPU-second': Math.round(median(rows.map((row) => pick(row).deliveriesPerCpuSec))),
  'bytes per open stream': median(rows.map((row) => pick(row).bytesPerStream)),
});
console.table({ 'raw socket writes': summary((row) => row.raw), tidings: summary((row) => row.tidings) });
console.log(`ratio of tidings to raw socket writes: ${ratio.toFixed(2)} (median of ${ROUNDS} pairs)`);
console.log(JSON.stringify({ scenario: 'broadcast', ...OPTIONS, ratio, rounds: rows }));
