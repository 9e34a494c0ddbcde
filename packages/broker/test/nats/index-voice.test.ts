import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createIndexVoice } from '../../src/nats/index-voice.ts';
import { parseIndexNotice } from '../../src/nats/place-index.ts';
import { createFakeLink, turn } from './fakes.ts';

function createVoice() {
  const clock = createFakeClock();
  const fake = createFakeLink();
  const state = { epoch: 'e', wanted: true };
  const voice = createIndexVoice({
    link: fake.link,
    clock,
    epoch: () => state.epoch,
    wanted: () => state.wanted,
  });
  const told = () =>
    fake.sent.map(({ subject, text }) => {
      const notice = parseIndexNotice(text);
      const places: Record<string, number[]> = {};
      for (const [at, name] of (notice?.subjects ?? []).entries()) {
        places[name] = [...(places[name] ?? []), notice?.places[at] as number];
      }
      return [subject, notice?.epoch, places];
    });
  return { voice, clock, fake, state, told };
}

describe('a voice that tells what stands where', () => {
  it('tells at once after a pause, of a whole turn together, and then every 5 ms at the most', async () => {
    const { voice, clock, told } = createVoice();
    voice.note('evt.0.default.a', 1);
    voice.note('evt.0.default.b.c', 2);
    voice.note('evt.0.default.a', 3);
    expect(told()).toEqual([]);
    await turn();
    expect(told()).toEqual([['idx.0', 'e', { 'default.a': [1, 3], 'default.b.c': [2] }]]);
    voice.note('evt.0.default.a', 4);
    await turn();
    clock.advance(4);
    voice.note('evt.0.default.a', 5);
    expect(told()).toHaveLength(1);
    clock.advance(1);
    expect(told().slice(1)).toEqual([['idx.0', 'e', { 'default.a': [4, 5] }]]);
  });

  it('tells seldomer where there is more to tell: by the rate, every 25 ms at the seldomest', async () => {
    const { voice, clock, told } = createVoice();
    const noteFor = (ms: number, eventsPerMs: number): number[] => {
      const before = told().length;
      for (let at = 0; at < ms; at += 1) {
        for (let event = 0; event < eventsPerMs; event += 1)
          voice.note('evt.0.default.a', at * eventsPerMs + event + 1);
        clock.advance(1);
      }
      return told()
        .slice(before)
        .map(([, , places]) => (places as Record<string, number[]>)['default.a']?.length ?? 0);
    };
    voice.note('evt.0.default.a', 1);
    await turn();
    // The first period is the shortest: nothing is known of the rate yet.
    expect(noteFor(80, 2)).toEqual([10, 50, 50, 50]);
    expect(noteFor(60, 1).slice(-2)).toEqual([13, 13]);
    expect(noteFor(120, 20).slice(-4)).toEqual([500, 500, 500, 500]);
    clock.advance(1_000);
    voice.note('evt.0.default.a', 1);
    await turn();
    expect(noteFor(5, 1)).toEqual([5]);
  });

  it('never says more than a server takes in one message', async () => {
    const { voice, fake, told } = createVoice();
    const subjects = Array.from({ length: 1_990 }, (_, at) => `default.${'%C3%A4'.repeat(120)}.${at}`);
    for (const [at, subject] of subjects.entries()) voice.note(`evt.0.${subject}`, at + 1);
    await turn();
    voice.close();
    expect(Math.max(...fake.sent.map(({ text }) => text.length))).toBeLessThan(1_000_000);
    expect(told().flatMap(([, , places]) => Object.keys(places as object))).toEqual(subjects);
  });

  it('says nothing while nobody listens, and nothing late of what was stored meanwhile', async () => {
    const { voice, state, told } = createVoice();
    state.wanted = false;
    voice.note('evt.0.default.a', 1);
    await turn();
    state.wanted = true;
    voice.note('evt.0.default.a', 2);
    await turn();
    expect(told()).toEqual([['idx.0', 'e', { 'default.a': [2] }]]);
  });

  it('never puts places of two logs into one notice, and what is left is told at the end', async () => {
    const { voice, state, told } = createVoice();
    voice.note('evt.0.default.a', 9);
    state.epoch = 'f';
    voice.note('evt.0.default.a', 1);
    voice.close();
    await turn();
    expect(told()).toEqual([
      ['idx.0', 'e', { 'default.a': [9] }],
      ['idx.0', 'f', { 'default.a': [1] }],
    ]);
  });

  it('drops what it can not say, and goes on', async () => {
    const { voice, clock, fake, told } = createVoice();
    fake.disconnect();
    voice.note('evt.0.default.a', 1);
    await turn();
    fake.reconnect();
    fake.fail(new Error('closed this instant'));
    clock.advance(10);
    voice.note('evt.0.default.a', 2);
    await turn();
    fake.fail(undefined);
    clock.advance(10);
    voice.note('evt.0.default.a', 3);
    await turn();
    expect(told()).toEqual([['idx.0', 'e', { 'default.a': [3] }]]);
  });
});
