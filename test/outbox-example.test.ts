import { mintToken } from '@tidings/auth';
import { startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { findPublished } from '../docs/examples/outbox/published.mjs';

const SECRET = 'a secret of this test that is 32 bytes or longer';

test('an event is found in the history of its topic, whatever stands in the name of that', async () => {
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET });
  const hub = await startHub(settings, createLogger('hub', 'fatal', { write() {} }));
  onTestFinished(() => hub.stop());
  const token = await mintToken(SECRET, { tidings: { subscribe: ['>'], publish: ['>'] } }, 60, systemClock);
  const headers = { authorization: `Bearer ${token}` };
  const { cursor: from } = (await (await fetch(`${hub.url}/v1/position`, { headers })).json()) as { cursor: string };
  const topics = ['user.a%2Eb', 'ci.fix/v1%2E2', 'what?', 'a#b'];
  const events = topics.map((topic, place) => ({ topic, data: { id: `${place}` } }));
  const post = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
  expect((await fetch(`${hub.url}/v1/events`, { ...post, body: JSON.stringify(events) })).status).toBe(202);
  for (const [place, topic] of topics.entries()) {
    const wanted = { url: hub.url, token, topic, from };
    expect(await findPublished({ ...wanted, id: `${place}` }), topic).toBe('published');
    expect(await findPublished({ ...wanted, id: 'x' }), topic).toBe('missing');
  }
});
