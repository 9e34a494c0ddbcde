// @ts-check

/**
 * Whether the history of a topic has an event with this id in its data, after a cursor from before it was first tried.
 * `unknown` where that part of history is gone.
 * @param {{ url: string, token: string, topic: string, id: string, from: string, signal?: AbortSignal }} wanted
 * @returns {Promise<'published' | 'missing' | 'unknown'>}
 * @throws Error when the hub does not answer: look again later.
 */
export async function findPublished({ url, token, topic, id, from, signal }) {
  let after = from;
  while (true) {
    const page = new URL(`/v1/topics/${encodeURIComponent(topic)}/events`, url);
    page.search = new URLSearchParams({ after, limit: '1000' }).toString();
    const answer = await fetch(page, { headers: { authorization: `Bearer ${token}` }, ...(signal && { signal }) });
    if (answer.status === 410) return 'unknown';
    if (!answer.ok) throw new Error(`The hub does not answer for ${topic}: ${answer.status} ${await answer.text()}`);
    const { events, next } = /** @type {{ events: { data: { id?: string } }[], next: string }} */ (await answer.json());
    if (events.some(({ data }) => data?.id === id)) return 'published';
    if (events.length === 0) return 'missing';
    after = next;
  }
}
