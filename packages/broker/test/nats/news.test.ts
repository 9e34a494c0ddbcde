import { createMetrics } from '@tidings/runtime';
import { describe, expect, it } from 'vitest';
import type { DirectMessage, DirectQuery, DirectReply } from '../../src/nats/direct-get.ts';
import { createNews, type News } from '../../src/nats/news.ts';
import { createPatience } from '../../src/nats/patience.ts';
import { directMessage, wholeReply } from './fakes.ts';

const at = (seq: number, subject: string, bytes = 1): DirectMessage => ({ ...directMessage(seq, bytes), subject });

/** News from replicas that give these answers in turn; the newest that was fed is of the subject `w`. */
function createCase(answers: readonly DirectReply[], leader = { last: 10, messages: 1, first: 'f' }, newest = 'w') {
  const queries: DirectQuery[] = [];
  const news = createNews({
    directGet: async (query: DirectQuery) => {
      queries.push(query);
      const answer = answers[queries.length - 1];
      if (answer === undefined) throw new Error('no further question was expected');
      return answer;
    },
    api: { next: async () => ({ seq: 1, subject: leader.first }) },
    watch: { ask: async () => ({ state: { messages: leader.messages, first_seq: 1, last_seq: leader.last } }) },
    newest: () => ({ timeMs: 0, subject: newest }),
  } as unknown as Parameters<typeof createNews>[0]);
  const signal = AbortSignal.timeout(5_000);
  const ask = async (keepBytes = 0): Promise<unknown> => {
    const found: Awaited<ReturnType<News>> = await news(
      ['a'],
      2,
      10,
      createPatience(signal, createMetrics()),
      keepBytes,
    );
    if (typeof found === 'string') return found;
    return [...found.values()].map(({ subject, seq, message }) => `${subject} ${seq}${message ? ' kept' : ''}`);
  };
  return { ask, queries };
}

const reply = (messages: readonly DirectMessage[], change: Partial<DirectReply> = {}): DirectReply =>
  wholeReply([], { messages, status: 204, upTo: 10, ...change });
const nothing = wholeReply([]);

describe('the news of some subjects', () => {
  it('are asked for together with a subject that every fresh replica has', async () => {
    const { ask, queries } = createCase([reply([at(5, 'a'), at(10, 'w')])]);
    expect(await ask()).toEqual(['a 5', 'w 10']);
    expect(queries).toEqual([{ multi_last: ['a', 'w'], seq: 3, max_bytes: 4_194_304 }]);
  });

  it('are not believed of a replica that has not come as far as the read goes', async () => {
    const { ask, queries } = createCase([reply([at(9, 'w')], { upTo: 9 }), reply([at(5, 'a'), at(10, 'w')])]);
    expect(await ask()).toEqual(['a 5', 'w 10']);
    expect(queries).toHaveLength(2);
  });

  it('are not believed of a reply that was torn, nor of one that ended with an error', async () => {
    const { ask } = createCase([
      reply([at(10, 'w')], { whole: false }),
      reply([], { status: 408 }),
      reply([], { status: 0, whole: false }),
      reply([at(5, 'a'), at(10, 'w')]),
    ]);
    expect(await ask()).toEqual(['a 5', 'w 10']);
  });

  it('come in several pages, which end where the first one ended', async () => {
    const { ask, queries } = createCase([reply([at(5, 'a')], { pending: 1 }), reply([at(10, 'w')], { upTo: 10 })]);
    expect(await ask()).toEqual(['a 5', 'w 10']);
    expect(queries[1]).toMatchObject({ seq: 6, up_to_seq: 10 });
  });

  it('are not believed when the pages together hold less than the first of them announced', async () => {
    const { ask } = createCase([
      reply([at(5, 'a')], { pending: 2 }),
      reply([at(10, 'w')]),
      reply([at(5, 'a'), at(7, 'b'), at(10, 'w')]),
    ]);
    expect(await ask()).toEqual(['a 5', 'b 7', 'w 10']);
  });

  it('say that there are too many subjects', async () => {
    expect(await createCase([reply([], { status: 413 })]).ask()).toBe('too many');
  });

  it('ask for another witness, whom the leader names, when the first is gone', async () => {
    const { ask, queries } = createCase([nothing, nothing, reply([at(10, 'f')])]);
    expect(await ask()).toEqual(['f 10']);
    expect(queries.map(({ multi_last }) => multi_last)).toEqual([
      ['a', 'w'],
      ['a', 'w'],
      ['a', 'f'],
    ]);
  });

  it('are none where the leader, who has come so far, has nothing at all', async () => {
    const { ask } = createCase([nothing, nothing], { last: 10, messages: 0, first: '' });
    expect(await ask()).toEqual([]);
  });

  it('keep messages as long as there is room for them', async () => {
    const messages = [at(5, 'a', 60), at(6, 'b', 60), at(7, 'c', 40), at(10, 'w', 1)];
    const { ask } = createCase([reply(messages)]);
    expect(await ask(100)).toEqual(['a 5 kept', 'b 6', 'c 7 kept', 'w 10']);
  });

  it('remember the witness that the leader named while nothing was fed', async () => {
    const { ask, queries } = createCase([nothing, nothing, reply([at(10, 'f')]), reply([at(10, 'f')])], undefined, '');
    await ask();
    expect(await ask()).toEqual(['f 10']);
    expect(queries.map(({ multi_last }) => multi_last)).toEqual([['a'], ['a'], ['a', 'f'], ['a', 'f']]);
  });
});
