/** An event as history has it. */
export interface Stored {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly data: unknown;
}

/** All that is kept of a topic or pattern, in its order, as the edge or hub at `url` reads it. */
export async function readHistory(url: string, token: string, topic: string): Promise<Stored[]> {
  const headers = { authorization: `Bearer ${token}` };
  const all: Stored[] = [];
  for (let after = ''; ; ) {
    const query = `limit=1000${after && `&after=${after}`}`;
    const answer = await fetch(`${url}/v1/topics/${encodeURIComponent(topic)}/events?${query}`, { headers });
    if (!answer.ok) throw new Error(await answer.text());
    const { events, next } = (await answer.json()) as { events: Stored[]; next: string };
    if (events.length === 0) return all;
    all.push(...events);
    after = next;
  }
}
