// A process that plays clients: it opens streams, publishes, and counts what arrives, as its parent asks.
import { setTimeout as sleep } from 'node:timers/promises';
import { Arrivals } from './arrivals.ts';
import { churn } from './churn.ts';
import { nowUs } from './clock.ts';
import type { Answer, CommandName, Commands, Request } from './command.ts';
import { Fleet } from './fleet.ts';
import { EventSource, publishAtFullSpeed, publishAtPace, publishInStep } from './publish.ts';

const arrivals = new Arrivals();
const source = new EventSource();
const fleets = new Map<string, Fleet>();

function find(name: string): Fleet {
  const fleet = fleets.get(name);
  if (fleet === undefined) throw new Error(`there is no group ${name}`);
  return fleet;
}

const commands: {
  [Name in CommandName]: (ask: Commands[Name]['ask']) => Promise<Commands[Name]['answer']>;
} = {
  async open(ask) {
    const fleet = new Fleet(ask, arrivals);
    fleets.set(ask.name, fleet);
    await fleet.open();
    return undefined;
  },
  async close({ name }) {
    find(name).close();
    fleets.delete(name);
    return undefined;
  },
  async flee({ name, refuge }) {
    return { returnsMs: await find(name).flee(refuge) };
  },
  async setReading({ name, reading }) {
    find(name).setReading(reading);
    return undefined;
  },
  tally: async ({ name }) => find(name).group.tally(),
  async resetLatency({ name }) {
    find(name).group.latency.reset();
    return undefined;
  },
  async reach({ name, received, timeoutMs }) {
    const { group } = find(name);
    const endUs = nowUs() + timeoutMs * 1e3;
    while (group.received < received && nowUs() < endUs) await sleep(5);
    return group.received >= received;
  },
  inStep: (ask) => publishInStep(ask, ask.requests, ask.readers, source, arrivals),
  atPace: (ask) => publishAtPace(ask, ask, source),
  atFullSpeed: (ask) => publishAtFullSpeed(ask, ask, source),
  churn: (ask) => churn(ask, arrivals),
  async usage() {
    const { user, system } = process.cpuUsage();
    return { cpuSec: (user + system) / 1e6 };
  },
};

process.on('message', ({ id, name, ask }: Request) => {
  const run = commands[name] as (ask: unknown) => Promise<unknown>;
  run(ask).then(
    (answer) => process.send?.({ id, answer } satisfies Answer),
    (error: Error) => process.send?.({ id, error: error.message } satisfies Answer),
  );
});
process.once('disconnect', () => process.exit());
