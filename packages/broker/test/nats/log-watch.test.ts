import { createLogger, createMetrics } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import type { JetStreamApi, StreamInfo } from '../../src/nats/jetstream-api.ts';
import { createLogWatch } from '../../src/nats/log-watch.ts';
import { turn } from './fakes.ts';

const infoOf = (epoch: string, last: number): StreamInfo => ({
  config: { name: 'EVT_0', metadata: { 'tidings.epoch': epoch } },
  state: { messages: last, bytes: last, first_seq: 1, last_seq: last, last_ts: '2026-11-21T00:00:00Z' },
  created: '2026-11-21T00:00:00Z',
});

function createCase() {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const lines: Record<string, unknown>[] = [];
  const requests: { resolve(info: StreamInfo): void; reject(error: Error): void }[] = [];
  const epochs: string[] = [];
  const state = { position: 0 };
  const watch = createLogWatch({
    api: {
      info: () =>
        new Promise((resolve, reject) => {
          requests.push({ resolve, reject });
        }),
    } as unknown as JetStreamApi,
    first: infoOf('one', 0),
    clock,
    log: createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) }),
    metrics,
    position: () => state.position,
    onEpoch: (epoch, info) => void epochs.push(`${epoch} at ${info.state.last_seq}`),
  });
  /** Lets the next periodic question be asked, and answers it. */
  async function period(answer: StreamInfo | Error): Promise<void> {
    clock.advance(5_000);
    await turn();
    const request = requests.at(-1);
    if (answer instanceof Error) request?.reject(answer);
    else request?.resolve(answer);
    await turn();
  }
  const lag = async (): Promise<number | undefined> => (await metrics.feedLag.get()).values[0]?.value;
  const silentSec = async (): Promise<number | undefined> => (await metrics.logSilent.get()).values[0]?.value;
  const lost = async (): Promise<number | undefined> => (await metrics.logTailLost.get()).values[0]?.value;
  const levels = (): unknown[] => lines.map(({ level, msg }) => `${level} ${msg}`);
  return { clock, watch, requests, epochs, state, period, lag, silentSec, lost, lines, levels };
}

describe('the watch over the log', () => {
  it('asks the leader every five seconds, until it is closed', async () => {
    const { requests, period, watch, clock } = createCase();
    await period(infoOf('one', 1));
    await period(infoOf('one', 1));
    expect(requests).toHaveLength(2);
    watch.close();
    clock.advance(60_000);
    expect([requests.length, clock.pending]).toEqual([2, 0]);
  });

  it('hands out only an answer whose request began after the call, one request at a time', async () => {
    const { watch, requests } = createCase();
    const seen: number[] = [];
    const ask = (): void => void watch.ask().then(({ state }) => seen.push(state.last_seq));
    ask();
    await turn();
    ask();
    ask();
    await turn();
    expect(requests).toHaveLength(1);
    requests[0]?.resolve(infoOf('one', 1));
    await turn();
    expect(seen).toEqual([1]);
    expect(requests).toHaveLength(2);
    requests[1]?.resolve(infoOf('one', 2));
    await turn();
    expect(seen).toEqual([1, 2, 2]);
    expect(requests).toHaveLength(2);
  });

  it('goes on after an answer that did not come, for those who wait behind it too', async () => {
    const { watch, requests } = createCase();
    const first = watch.ask();
    await turn();
    const second = watch.ask();
    requests[0]?.reject(new Error('no leader'));
    await expect(first).rejects.toThrow('no leader');
    await turn();
    requests[1]?.resolve(infoOf('one', 4));
    expect((await second).state.last_seq).toBe(4);
  });

  it('says how long the leader has not answered, and logs only the change', async () => {
    const { watch, period, silentSec, clock, levels } = createCase();
    expect(watch.silentMs).toBe(0);
    await period(new Error('no leader'));
    await period(new Error('no leader'));
    expect(await silentSec()).toBe(10);
    clock.advance(1_000);
    expect(watch.silentMs).toBe(11_000);
    await period(infoOf('one', 1));
    expect([watch.silentMs, await silentSec()]).toEqual([0, 0]);
    expect(levels()).toEqual(['40 the leader of the log does not answer', '30 the leader of the log answers again']);
  });

  it('tells of another log once, with its head, and takes its name', async () => {
    const { watch, period, epochs } = createCase();
    await period(infoOf('two', 7));
    await period(infoOf('two', 8));
    expect(epochs).toEqual(['two at 7']);
    expect(watch.epoch).toBe('two');
  });

  it('measures how long the log has had an event that was not fed, and nothing without a feed', async () => {
    const { period, state, lag } = createCase();
    await period(infoOf('one', 10));
    await period(infoOf('one', 10));
    expect(await lag()).toBe(0);
    state.position = 4;
    await period(infoOf('one', 10));
    expect(await lag()).toBe(0);
    // It has come as far as the log then was: what is younger has its own time.
    state.position = 9;
    await period(infoOf('one', 20));
    expect(await lag()).toBe(5);
    state.position = 10;
    await period(infoOf('one', 20));
    expect(await lag()).toBe(0);
    await period(infoOf('one', 20));
    expect(await lag()).toBe(5);
    state.position = 20;
    await period(infoOf('one', 20));
    expect(await lag()).toBe(0);
  });

  it('measures no lag of a log that is gone', async () => {
    const { period, state, lag } = createCase();
    state.position = 4;
    await period(infoOf('one', 10));
    await period(infoOf('two', 10));
    await period(infoOf('two', 4));
    expect(await lag()).toBe(0);
  });

  it('raises the alarm when the log ends before what was fed, for longer than a leader that was cut off goes on answering', async () => {
    const { watch, period, state, levels } = createCase();
    state.position = 10;
    for (let look = 0; look < 3; look += 1) {
      await period(infoOf('one', 9));
      expect(watch.tailLost).toBe(false);
    }
    await period(infoOf('one', 9));
    expect(watch.tailLost).toBe(true);
    await period(infoOf('one', 9));
    expect(levels()).toHaveLength(1);
    expect(levels()[0]).toContain('60 acknowledged events are gone');
    // New events over it do not bring back what was lost: somebody must make it another log.
    await period(infoOf('one', 12));
    expect(watch.tailLost).toBe(true);
  });

  it('raises the alarm, once, when something else has shown that the end was lost', () => {
    const { watch, levels } = createCase();
    watch.noteTailLost();
    watch.noteTailLost();
    expect(watch.tailLost).toBe(true);
    expect(levels()).toHaveLength(1);
  });

  it('raises no alarm for two looks in quick succession, or for a leader that was behind once', async () => {
    const { watch, requests, period, state } = createCase();
    state.position = 10;
    for (let at = 0; at < 3; at += 1) {
      const answer = watch.ask();
      await turn();
      requests.at(-1)?.resolve(infoOf('one', 9));
      await answer;
    }
    expect(watch.tailLost).toBe(false);
    await period(infoOf('one', 10));
    await period(infoOf('one', 9));
    expect(watch.tailLost).toBe(false);
  });

  it('compares with what was fed before the question, not before the answer', async () => {
    const { watch, requests, state, clock } = createCase();
    state.position = 5;
    for (let at = 0; at < 3; at += 1) {
      clock.advance(5_000);
      await turn();
      state.position += 1;
      requests.at(-1)?.resolve(infoOf('one', state.position - 1));
      await turn();
    }
    expect(watch.tailLost).toBe(false);
  });

  it('takes the alarm back when the log was given another name', async () => {
    const { watch, period, state, lost } = createCase();
    state.position = 10;
    for (let look = 0; look < 4; look += 1) await period(infoOf('one', 9));
    expect([watch.tailLost, await lost()]).toEqual([true, 1]);
    await period(infoOf('two', 9));
    expect([watch.tailLost, await lost()]).toEqual([false, 0]);
  });
});
