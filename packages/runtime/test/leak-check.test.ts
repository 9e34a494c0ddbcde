import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { watchForLeaks } from '../src/testing/leak-check.ts';

it('names what was left open, and is content once it is closed', async () => {
  const noLeaks = watchForLeaks();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // More than may have been open before and have ended since.
  const timers = Array.from({ length: 50 }, () => setTimeout(() => {}, 60_000));
  await expect(noLeaks(30)).rejects.toThrow(/left open: .*TCP.*Timeout|left open: .*Timeout.*TCP/);
  for (const timer of timers) clearTimeout(timer);
  server.close();
  await noLeaks();
});
