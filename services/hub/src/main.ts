import { runServiceProcess } from '@tidings/runtime';
import { describeKit } from './development.ts';
import { startHub } from './hub.ts';

await runServiceProcess('hub', {}, startHub, (hub, log) => {
  if (hub.embedded) log.warn('embedded broker: history, idempotency keys and positions end with this process');
  if (hub.kit !== undefined) process.stdout.write(describeKit(hub.kit, hub));
});
