// Hubs in a process of their own, as they were built: to load their sources into each test process costs more than the tests.
import { startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';

const hubs = new Map();

/** A clock whose durations pass `factor` times as fast; the time of day is that of the machine. */
const createFastClock = (factor) => ({
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed() * factor,
  after: (delayMs, run) => systemClock.after(delayMs / factor, run),
  every: (periodMs, run) => systemClock.every(periodMs / factor, run),
});

process.on('message', async ({ id, env, factor }) => {
  try {
    const hub = await startHub(loadSettings(env), createLogger('hub', 'fatal'), createFastClock(factor));
    hubs.set(id, hub);
    process.send({ id, url: hub.url });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on('disconnect', async () => {
  await Promise.all([...hubs.values()].map((hub) => hub.stop()));
  process.exit(0);
});
