import { TidingsError } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import type { NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import { createFollowerVoice, createFollowerWatch } from '../../src/nats/follower.ts';
import type { Link } from '../../src/nats/link.ts';
import { createFakeLink, turn } from './fakes.ts';

type OnMessage = (error: Error | null, message: { subject: string; data: Uint8Array }) => void;

function createCase() {
  const clock = createFakeClock();
  let onMessage: OnMessage = () => {};
  const client = {
    subscribe(subject: string, { callback }: { callback: OnMessage }) {
      expect(subject).toBe('ctl.edge.*');
      onMessage = callback;
    },
  } as unknown as NatsConnection;
  let back = (): void => {};
  const link = {
    client,
    onReconnect(run: () => void) {
      back = run;
    },
  } as unknown as Link;
  const watch = createFollowerWatch(link, clock);
  const hear = (id: string, heartbeat: object | string): void => {
    const text = typeof heartbeat === 'string' ? heartbeat : JSON.stringify(heartbeat);
    onMessage(null, { subject: `ctl.edge.${id}`, data: Buffer.from(text) });
  };
  function passed(epoch: string, seq: number) {
    const outcome = { state: 'waits', message: '' };
    void watch.passed(epoch, seq).then(
      () => {
        outcome.state = 'passed';
      },
      (error: Error) => {
        outcome.state = error instanceof TidingsError ? error.code : 'other';
        outcome.message = error.message;
      },
    );
    return outcome;
  }
  return {
    clock,
    hear,
    passed,
    watch,
    reconnect: () => back(),
    fail: () => onMessage(new Error('no permission'), undefined as never),
  };
}

/** A watch that has listened for long enough to have heard everybody. */
function createListened() {
  const each = createCase();
  each.clock.advance(2_500);
  return each;
}

describe('the watch over the followers', () => {
  it('listens until every follower that lives must have been heard', async () => {
    const { clock, passed } = createCase();
    const outcome = passed('e', 5);
    clock.advance(2_499);
    await turn();
    expect(outcome.state).toBe('waits');
    clock.advance(1);
    await turn();
    expect(outcome.state).toBe('passed');
    expect(clock.pending).toBe(0);
  });

  it('is content at once where nobody follows, or all have passed', async () => {
    const { passed, hear, clock } = createListened();
    const alone = passed('e', 5);
    await turn();
    hear('1', { epoch: 'e', position: 5 });
    hear('2', { epoch: 'e', position: 6 });
    const together = passed('e', 5);
    await turn();
    expect([alone.state, together.state]).toEqual(['passed', 'passed']);
    expect(clock.pending).toBe(0);
  });

  it('waits for the last of the followers to pass', async () => {
    const { passed, hear, clock } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    hear('2', { epoch: 'e', position: 4 });
    const outcome = passed('e', 5);
    await turn();
    hear('1', { epoch: 'e', position: 5 });
    await turn();
    expect(outcome.state).toBe('waits');
    hear('2', { epoch: 'e', position: 5 });
    await turn();
    expect(outcome.state).toBe('passed');
    expect(clock.pending).toBe(0);
  });

  it('waits for a follower that is in another log, however far it is', async () => {
    const { passed, hear } = createListened();
    hear('1', { epoch: 'old', position: 900 });
    const outcome = passed('e', 5);
    await turn();
    expect(outcome.state).toBe('waits');
    hear('1', { epoch: 'e', position: 5 });
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('gives up after five seconds, and says of how many it does not know', async () => {
    const { passed, hear, clock } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    hear('2', { epoch: 'e', position: 4 });
    hear('3', { epoch: 'e', position: 5 });
    const outcome = passed('e', 5);
    await turn();
    clock.advance(4_999);
    await turn();
    expect(outcome.state).toBe('waits');
    clock.advance(1);
    await turn();
    expect(outcome.state).toBe('unavailable');
    expect(outcome.message).toContain('2 edge(s)');
    expect(clock.pending).toBe(0);
    // Who comes later is another matter.
    hear('1', { epoch: 'e', position: 5 });
    hear('2', { epoch: 'e', position: 5 });
    const again = passed('e', 5);
    await turn();
    expect(again.state).toBe('passed');
  });

  it('does not wait for a follower that left in good order', async () => {
    const { passed, hear } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    hear('2', { epoch: 'e', position: 4 });
    const outcome = passed('e', 5);
    await turn();
    hear('1', { epoch: 'e', position: 4, leaving: true });
    await turn();
    expect(outcome.state).toBe('waits');
    hear('2', { epoch: 'e', position: 4, leaving: true });
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('does not wait for a follower that was silent for over ten seconds, and for one of ten it does', async () => {
    const { passed, hear, clock } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    clock.advance(10_000);
    const waits = passed('e', 5);
    await turn();
    expect(waits.state).toBe('waits');
    clock.advance(1);
    const outcome = passed('e', 5);
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('does not give up because of a follower that is gone by then', async () => {
    const { passed, hear, clock } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    clock.advance(7_000);
    const outcome = passed('e', 5);
    await turn();
    clock.advance(5_000);
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('listens to all of them anew after a reconnect: who was not heard meanwhile is not gone', async () => {
    const { passed, hear, clock, reconnect } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    clock.advance(60_000);
    reconnect();
    const outcome = passed('e', 5);
    clock.advance(2_499);
    await turn();
    expect(outcome.state).toBe('waits');
    hear('1', { epoch: 'e', position: 4 });
    clock.advance(1);
    await turn();
    expect(outcome.state).toBe('waits');
    hear('1', { epoch: 'e', position: 5 });
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('answers several that wait, each for its own place', async () => {
    const { passed, hear } = createListened();
    hear('1', { epoch: 'e', position: 4 });
    const five = passed('e', 5);
    const nine = passed('e', 9);
    await turn();
    hear('1', { epoch: 'e', position: 7 });
    await turn();
    expect([five.state, nine.state]).toEqual(['passed', 'waits']);
    hear('1', { epoch: 'e', position: 9 });
    await turn();
    expect(nine.state).toBe('passed');
  });

  it.each([
    '',
    'null',
    '7',
    '"x"',
    '[]',
    '{}',
    '{"epoch":"e"}',
    '{"position":1}',
    '{"epoch":1,"position":1}',
    '{"epoch":"e","position":"1"}',
    '{',
  ])('is not disturbed by what is no heartbeat: %s', async (text) => {
    const { passed, hear } = createListened();
    hear('1', text);
    const outcome = passed('e', 5);
    await turn();
    expect(outcome.state).toBe('passed');
  });

  it('knows whether any of them wants the index, and says yes until all must have been heard', () => {
    const { clock, hear, watch, reconnect } = createCase();
    expect(watch.wantIndex).toBe(true);
    clock.advance(2_500);
    expect(watch.wantIndex).toBe(false);
    hear('a', { epoch: 'e', position: 1 });
    expect(watch.wantIndex).toBe(false);
    hear('b', { epoch: 'e', position: 1, index: true });
    hear('a', { epoch: 'e', position: 2 });
    clock.advance(9_999);
    expect(watch.wantIndex).toBe(true);
    clock.advance(1);
    expect(watch.wantIndex).toBe(false);
    reconnect();
    clock.advance(2_499);
    expect(watch.wantIndex).toBe(true);
    clock.advance(1);
    expect(watch.wantIndex).toBe(false);
  });

  it('is not disturbed by a subscription that is refused', () => {
    expect(() => createCase().fail()).not.toThrow();
  });
});

describe('the voice of a follower', () => {
  function createVoice() {
    const fake = createFakeLink();
    const clock = createFakeClock();
    const state = { epoch: 'e', position: 3 };
    const voice = createFollowerVoice(fake.link, 'me', clock, () => state);
    const said = (): unknown[] => fake.sent.map(({ text }) => JSON.parse(text));
    return { ...fake, clock, state, voice, said };
  }

  it('says every second how far it has come, and whenever it matters', () => {
    const { clock, state, voice, said, sent } = createVoice();
    voice.say();
    state.position = 4;
    clock.advance(2_000);
    expect(said()).toEqual([
      { epoch: 'e', position: 3 },
      { epoch: 'e', position: 4 },
      { epoch: 'e', position: 4 },
    ]);
    expect(sent[0]?.subject).toBe('ctl.edge.me');
  });

  it('says nothing while nobody can hear it: the client would say it later', () => {
    const { clock, voice, said, disconnect, reconnect } = createVoice();
    disconnect();
    voice.say();
    clock.advance(3_000);
    expect(said()).toEqual([]);
    reconnect();
    clock.advance(1_000);
    expect(said()).toHaveLength(1);
  });

  it('says that it leaves, and then no more', () => {
    const { clock, voice, said } = createVoice();
    voice.leave();
    clock.advance(10_000);
    expect(said()).toEqual([{ epoch: 'e', position: 3, leaving: true }]);
    expect(clock.pending).toBe(0);
  });
});
