import { describeAnswer, problemIn } from '../answerer.ts';
import type { Check } from '../check.ts';
import { type Finding, failed, ok, skipped, warning } from '../finding.ts';
import { awaitLive, refusalOf } from '../opened-stream.ts';
import { bearer, type Probe } from '../probe.ts';
import type { Answer } from '../request.ts';
import type { StreamRecord } from '../timed-stream.ts';

/** Judges the answer to a request for a ticket; `undefined` when there is one. */
export function judgeTicket(answer: Answer): Finding | undefined {
  if (answer.status === 201) return undefined;
  const says = `There is no ticket for an EventSource without cookies: ${describeAnswer(answer)}`;
  if (problemIn(answer) === undefined) {
    return failed(says, 'Let POST /v1/tickets through to the edges.');
  }
  return warning(
    says,
    'On NATS tickets need the bucket of the shared state: run `tidings nats setup`, and see docs/operations/nats.md.',
  );
}

/** Judges a stream whose only token was a ticket in its URL. */
export function judgeNative(record: StreamRecord): Finding {
  const { head, text } = record;
  if (head?.status === 401 && problemIn({ ...head, body: text }) !== undefined) {
    return failed(
      'A ticket that was just issued is refused: it did not arrive, or this edge does not know of it.',
      'Let the query of /v1/stream through unchanged, and see that all edges use the same TIDINGS_NATS_URL.',
    );
  }
  const refusal = refusalOf(record);
  if (refusal !== undefined) return refusal;
  if (!record.events.some(({ event }) => event === 'hub.live')) return skipped('The stream is held back: see stream.');
  return ok('An EventSource with a ticket in its URL is let in.');
}

async function askForTicket({ ask, deployment: { url, token } }: Probe): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', ...bearer(token) };
  return ask(`${url}/v1/tickets`, { method: 'POST', headers, body: '{}' });
}

/** A browser's EventSource, which can send no header, gets its stream. A ticket, since URLs stand in the logs of proxies. */
export const nativeCheck: Check = {
  id: 'native',
  needs: ['stream'],
  async run(probe) {
    if (probe.deployment.token === undefined) return [skipped('There is no --token to get a ticket with.')];
    const answer = await askForTicket(probe);
    const refusal = judgeTicket(answer);
    if (refusal !== undefined) return [refusal];
    const { ticket } = JSON.parse(answer.body) as { ticket: string };
    const stream = probe.openStream({ query: { access_token: ticket } });
    await awaitLive(stream, probe.patience);
    stream.close();
    return [judgeNative(stream)];
  },
};
