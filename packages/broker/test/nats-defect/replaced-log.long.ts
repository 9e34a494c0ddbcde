import { headers as createHeaders } from 'nats';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf, selectionOf, textOf } from '../../src/contract/fixture.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;

beforeEach(async () => {
  fixture = await createNatsFixture();
});

afterEach(() => fixture.remove());

async function open(...args: Parameters<NatsFixture['create']>): Promise<Broker> {
  const broker = fixture.create(...args);
  await broker.open();
  onTestFinished(() => broker.close());
  return broker;
}

async function textsOf(broker: Broker, pattern: string): Promise<string[]> {
  const texts: string[] = [];
  const range = { after: 0, upTo: broker.position() };
  for await (const page of broker.history(selectionOf(pattern), range, AbortSignal.timeout(10_000))) {
    texts.push(...page.messages.map(textOf));
  }
  return texts;
}

/** Deletes the stream and creates it anew, with the same configuration and another epoch. */
async function recreateStream(epoch: string): Promise<void> {
  const { config } = (await fixture.api('STREAM.INFO.EVT_0')) as { config: Record<string, unknown> };
  await fixture.deleteStream();
  const answer = await fixture.api('STREAM.CREATE.EVT_0', { ...config, metadata: { 'tidings.epoch': epoch } });
  expect(answer.error).toBeUndefined();
}

describe('a log that is created anew', () => {
  test('shows its events in history, whatever was erased from the log before it', { timeout: 40_000 }, async () => {
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    for (let index = 1; index <= 20; index += 1) await hub.publish(eventOf('a', `old ${index}`));
    await sink.received(20);
    await hub.purge(selectionOf('a'));
    await recreateStream('second');
    await hub.bounds();
    expect(hub.epoch).toBe('second');
    for (let index = 1; index <= 5; index += 1) await hub.publish(eventOf('a', `new ${index}`));
    await expect.poll(() => hub.position(), { timeout: 10_000 }).toBe(5);
    expect(await textsOf(hub, 'a')).toEqual(['new 1', 'new 2', 'new 3', 'new 4', 'new 5']);
  });

  test('raises no alarm of lost events, which its operator meant to delete', { timeout: 40_000 }, async () => {
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    for (let index = 1; index <= 5; index += 1) await hub.publish(eventOf('a', `old ${index}`));
    await sink.received(5);
    await recreateStream('second');
    await hub.publish(eventOf('a', 'new'));
    await expect.poll(() => hub.epoch, { timeout: 10_000 }).toBe('second');
    const alarms = fixture.lines.filter(({ level }) => Number(level) >= 60 || level === 'fatal');
    expect(alarms.map(({ msg }) => msg)).toEqual([]);
  });

  test('is unavailable while the stream is away, and says so by the code that passes', {
    timeout: 40_000,
  }, async () => {
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    await hub.publish(eventOf('a', 'one'));
    await sink.received(1);
    await fixture.deleteStream();
    const codeOf = (reading: Promise<unknown>): Promise<unknown> =>
      reading.then(
        () => 'answered',
        (error: { name?: string; code?: string }) => error.code ?? error.name,
      );
    const late = new Promise((resolve) => setTimeout(resolve, 4_000, 'unavailable'));
    expect(await Promise.race([codeOf(hub.bounds()), late])).toBe('unavailable');
    const start = hub.startOf(selectionOf('a'), { sinceMs: 0 }, 1, AbortSignal.timeout(30_000));
    expect(await Promise.race([codeOf(start), late])).toBe('unavailable');
  });
});

describe('a hub that is closing', () => {
  test('takes a repeated message of its feed without an unhandled rejection', { timeout: 40_000 }, async () => {
    const faults: unknown[] = [];
    const note = (fault: unknown): void => void faults.push(fault);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    const { seq } = await hub.publish(eventOf('a', 'one'));
    await sink.received(1);
    // A publish that nobody acknowledges: closing waits for it.
    await fixture.deleteStream();
    const pending = hub.publish(eventOf('a', 'two')).catch(() => undefined);
    const closing = hub.close();
    const headers = createHeaders();
    headers.set('Nats-Sequence', `${seq}`);
    headers.set('Nats-Subject', 'evt.0.default.a');
    headers.set('Nats-Time-Stamp', '2026-01-01T00:00:00Z');
    fixture.admin.publish('live.0.default.a', Buffer.from('one'), { headers });
    await fixture.admin.flush();
    await closing;
    await pending;
    expect(faults).toEqual([]);
  });
});
