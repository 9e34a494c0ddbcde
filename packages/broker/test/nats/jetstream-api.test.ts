import { describe, expect, it } from 'vitest';
import { createJetStreamApi } from '../../src/nats/jetstream-api.ts';
import type { LinkClient } from '../../src/nats/link.ts';

const STATE = { config: { name: 'EVT_0' }, state: { last_seq: 7 }, created: '2026-11-28T00:00:00Z' };

/** The API of a stream of which a server answers every request with this. */
function answering(answer: object): ReturnType<typeof createJetStreamApi> {
  const client = { isClosed: () => false, request: async () => ({ json: () => answer }) };
  return createJetStreamApi(client as unknown as LinkClient);
}

describe('what a server says of a stream', () => {
  it.each([
    ['on a single server', STATE],
    ['by its leader', { ...STATE, cluster: { name: 'tidings', leader: 'nats-1' } }],
  ])('counts %s', async (_, answer) => {
    expect((await answering(answer).info()).state.last_seq).toBe(7);
  });

  it('does not count where nobody leads: the copy of a server that has lost the others is no word of the log', async () => {
    const cut = answering({ ...STATE, cluster: { name: 'tidings', replicas: [{ name: 'nats-1', current: false }] } });
    await expect(cut.info()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
