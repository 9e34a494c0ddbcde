import { setUpStream, toNatsOptions } from '@tidings/broker/nats';
import { ConfigurationError, createLogger, createMetrics, loadSettings } from '@tidings/runtime';
import { type CommandDef, defineCommand } from 'citty';

/**
 * `tidings nats setup`: creates the stream with an operator's credentials, so that no service needs the right to. It may
 * be run again and again: what exists is compared with the settings and never changed.
 */
export const natsSetupCommand: CommandDef = defineCommand({
  meta: {
    name: 'setup',
    description:
      'Create the stream where it is missing, with the TIDINGS_NATS_* and TIDINGS_HISTORY_* variables of the environment.',
  },
  async run() {
    // No token is checked here, so no key is needed, in production either.
    const settings = loadSettings({ ...process.env, NODE_ENV: '' });
    if (settings.natsServers === undefined) throw new ConfigurationError(['TIDINGS_NATS_URL: is required']);
    const setup = await setUpStream({
      ...toNatsOptions(settings, 'operator'),
      log: createLogger('tidings', settings.logLevel),
      metrics: createMetrics(),
    });
    const found = `stream EVT_0, ${setup.replicas} ${setup.replicas === 1 ? 'copy' : 'copies'}, epoch ${setup.epoch}`;
    console.log(setup.created ? `created ${found}` : `found ${found}`);
    for (const difference of setup.differences) console.log(`differs: ${difference}`);
    if (setup.differences.length > 0)
      console.log('Nothing was changed: `nats stream edit` does that, once you know why.');
  },
});
