import { STATE_PLAN, type StreamSetup, setUpStream, toNatsOptions } from '@tidings/broker/nats';
import { ConfigurationError, createLogger, createMetrics, loadSettings } from '@tidings/runtime';
import { type CommandDef, defineCommand } from 'citty';

/**
 * `tidings nats setup`: creates the stream of events and the bucket of the shared state with an operator's credentials, so that no service needs the right to. It may
 * be run again and again: what exists is compared with the settings and never changed.
 */
export const natsSetupCommand: CommandDef = defineCommand({
  meta: {
    name: 'setup',
    description:
      'Create the stream and the bucket where they are missing, with the TIDINGS_NATS_* and TIDINGS_HISTORY_* variables of the environment.',
  },
  async run() {
    // No token is checked here, so no key is needed, in production either.
    const settings = loadSettings({ ...process.env, NODE_ENV: '' });
    if (settings.natsServers === undefined) throw new ConfigurationError(['TIDINGS_NATS_URL: is required']);
    const options = {
      ...toNatsOptions(settings, 'operator'),
      log: createLogger('tidings', settings.logLevel),
      metrics: createMetrics(),
    };
    const events = await setUpStream(options);
    console.log(`${outcomeOf('stream EVT_0', events)}, epoch ${events.epoch}`);
    const state = await setUpStream(options, STATE_PLAN);
    console.log(outcomeOf(`stream ${STATE_PLAN.name}`, state));
    const differences = [...events.differences, ...state.differences];
    for (const difference of differences) console.log(`differs: ${difference}`);
    if (differences.length > 0) console.log('Nothing was changed: `nats stream edit` does that, once you know why.');
  },
});

const outcomeOf = (what: string, { created, replicas }: StreamSetup): string =>
  `${created ? 'created' : 'found'} ${what}, ${replicas} ${replicas === 1 ? 'copy' : 'copies'}`;
