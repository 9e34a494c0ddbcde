import type { StreamSetup } from '@tidings/broker/nats';
import { type Command, createCommand } from './command.ts';
import { print } from './io.ts';

/**
 * `tidings nats setup`: creates the stream of events and those beside it with an operator's credentials, so that no service needs the right to. It may
 * be run again and again: what exists is compared with the settings and never changed.
 */
export const natsSetupCommand: Command = createCommand({
  name: 'setup',
  description:
    'Create the streams and the buckets where they are missing. With the TIDINGS_NATS_* and TIDINGS_HISTORY_* variables of the environment, and credentials of an operator. What exists is compared with them and never changed.',
  examples: ['TIDINGS_NATS_URL=nats://nats-1:4222 TIDINGS_NATS_CREDS=operator.creds tidings nats setup'],
  args: {
    webhooks: { type: 'boolean', description: 'The three streams of webhooks, too.' },
  },
  async run({ args, io }) {
    const [{ RECORD_PLAN, SCHEDULES_PLAN, STATE_PLAN, setUpStream, toNatsOptions, WORK_PLANS }, runtime] =
      await Promise.all([import('@tidings/broker/nats'), import('@tidings/runtime')]);
    const { ConfigurationError, createLogger, createMetrics, loadSettings } = runtime;
    // No token is checked here, so no key is needed, in production either.
    const settings = loadSettings({ ...io.env, NODE_ENV: '' });
    if (settings.natsServers === undefined) throw new ConfigurationError(['TIDINGS_NATS_URL: is required']);
    const options = {
      ...toNatsOptions(settings, 'operator'),
      log: createLogger('tidings', settings.logLevel),
      metrics: createMetrics(),
    };
    const events = await setUpStream(options);
    print(io, `${outcomeOf('stream EVT_0', events)}, epoch ${events.epoch}`);
    const differences = [...events.differences];
    for (const plan of [STATE_PLAN, RECORD_PLAN, SCHEDULES_PLAN, ...(args.webhooks ? WORK_PLANS : [])]) {
      const setup = await setUpStream(options, plan);
      print(io, outcomeOf(`stream ${plan.name}`, setup));
      differences.push(...setup.differences);
    }
    for (const difference of differences) print(io, `differs: ${difference}`);
    if (differences.length > 0) print(io, 'Nothing was changed: `nats stream edit` does that, once you know why.');
  },
});

const outcomeOf = (what: string, { created, replicas }: StreamSetup): string =>
  `${created ? 'created' : 'found'} ${what}, ${replicas} ${replicas === 1 ? 'copy' : 'copies'}`;
