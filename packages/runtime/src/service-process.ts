import { runService } from './lifecycle.ts';
import { createLogger, type Logger } from './logger.ts';
import type { HostedService } from './service-host.ts';
import { loadSettings, type Settings } from './settings.ts';
import type { Needs } from './settings-rules.ts';
import { VERSION } from './version.ts';

/**
 * Runs a service as a process of its own, as `runService` does: with the settings of its environment, a log at the level
 * that they name, and one line once it accepts connections.
 * @param name stands in each line of the log.
 * @param started more to say once it runs.
 */
export async function runServiceProcess<Hosted extends HostedService>(
  name: string,
  needs: Needs,
  start: (settings: Settings, log: Logger) => Promise<Hosted>,
  started: (hosted: Hosted, log: Logger) => void = () => {},
): Promise<void> {
  // What goes wrong before the settings are read is worth a line too.
  let log = createLogger(name, 'info');
  await runService(
    () => log,
    async () => {
      const settings = loadSettings(process.env, needs);
      log = createLogger(name, settings.logLevel);
      const hosted = await start(settings, log);
      announce(name, hosted, log);
      started(hosted, log);
      return hosted;
    },
  );
}

/** Writes the one line that whoever started the service waits for, whatever else the log leaves out. */
export function announce(name: string, { url, adminUrl, node }: HostedService, log: Logger): void {
  const line = `${name} listening on ${url}, admin on ${adminUrl}`;
  log.child({}, { level: 'info' }).info({ version: VERSION, url, admin: adminUrl, node }, line);
  // What else is printed at the start comes after it.
  log.flush();
}
