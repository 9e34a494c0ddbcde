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
    log.info(
      { version: VERSION, url: hub.url, admin: hub.adminUrl },
      `hub listening on ${hub.url}, admin on ${hub.adminUrl}`,
    );
    log.warn('embedded broker: history, idempotency keys and positions end with this process');
    if (hub.kit !== undefined) process.stdout.write(describeKit(hub.kit, hub.url));
    return hub;
  },
);
