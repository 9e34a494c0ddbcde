import { createLogger, loadSettings, runService } from '@tidings/runtime';
import { describeKit } from './development.ts';
import { startHub, VERSION } from './hub.ts';

let log = createLogger('hub', 'info');

await runService(
  () => log,
  async () => {
    const settings = loadSettings(process.env);
    log = createLogger('hub', settings.logLevel);
    const hub = await startHub(settings, log);
    const line = `hub listening on ${hub.url}, admin on ${hub.adminUrl}`;
    // Whoever starts it waits for this line, whatever the log leaves out.
    if (log.isLevelEnabled('info')) log.info({ version: VERSION, url: hub.url, admin: hub.adminUrl }, line);
    else
      process.stdout.write(`${line}
`);
    log.warn('embedded broker: history, idempotency keys and positions end with this process');
    if (hub.kit !== undefined) process.stdout.write(describeKit(hub.kit, hub.url));
    return hub;
  },
);
