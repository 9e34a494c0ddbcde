// The negative control: an edge whose feed does not repair what it misses. No setting does this, and none should.
import { createAccessControl } from '@tidings/auth';
import { createMemoryCluster } from '@tidings/broker/memory';
import { createNatsBroker, toNatsOptions } from '@tidings/broker/nats';
import { createControl } from '@tidings/control';
import { AHEAD_WAIT_MS, createEdgeService } from '@tidings/edge';
import { createHostedApp, createMetrics, hostService, runServiceProcess, systemClock } from '@tidings/runtime';

await runServiceProcess('edge', { shared: true }, (settings, log) => {
  const clock = systemClock;
  const metrics = createMetrics();
  const { authenticator, classes } = createAccessControl(settings, settings.jwtSecrets, metrics, clock);
  const broker = createNatsBroker({ ...toNatsOptions(settings, 'edge'), log, metrics, clock, repair: false });
  const app = createHostedApp(settings, metrics, log, authenticator.corsOrigin);
  const control = createControl(createMemoryCluster(), log, clock, settings.audit);
  const options = {
    broker,
    ...control,
    authenticator,
    classes,
    metrics,
    log,
    settings,
    aheadWaitMs: AHEAD_WAIT_MS,
    clock,
  };
  return hostService(createEdgeService(app, 'Edge without repair', options), settings, metrics, log);
});
