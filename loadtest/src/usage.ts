/** Lets the parent ask this process for its CPU time and resident memory. */
export function answerUsage(): void {
  process.on('message', (message: { type: string }) => {
    if (message.type !== 'usage') return;
    const { user, system } = process.cpuUsage();
    process.send?.({ type: 'usage', cpuSec: (user + system) / 1e6, rss: process.memoryUsage.rss() });
  });
}
