import { request } from 'node:http';
import { createSseDecoder } from '@tidings/protocol';

/** A stream that stands through everything, and a publisher beside it: what all others have a right to. */
export interface Canary {
  /** Publishes once, and looks whether exactly that arrives, behind what came before. Resolves with what is wrong. */
  check(): Promise<string | undefined>;
  readonly sings: number;
  close(): void;
}

export interface CanaryOptions {
  readonly edgeUrl: URL;
  readonly ingestUrl: URL;
  readonly token: string;
  /** Stands in what it publishes. */
  readonly marker: string;
}

const TOPIC = 'canary';
// A machine that is busy with more than this may take its time; to be late is no fault here.
const PATIENCE_MS = 15_000;

/** Opens the stream; resolves when it is live. Rejects when it does not become so. */
export async function openCanary({ edgeUrl, ingestUrl, token, marker }: CanaryOptions): Promise<Canary> {
  const received: string[] = [];
  const sent: string[] = [];
  let ended = false;
  let isLive = false;
  let look = (): void => {};
  const decoder = createSseDecoder({
    event({ event, data }) {
      if (event === 'hub.live') isLive = true;
      else if (!event.startsWith('hub.')) received.push(data);
      else if (event !== 'hub.hello') received.push(`${event} ${data}`);
    },
    retry() {},
    comment() {},
  });
  const authorization = `Bearer ${token}`;
  const stream = request(new URL(`/v1/stream?topic=${TOPIC}`, edgeUrl), { headers: { authorization }, agent: false });
  stream.on('response', (answer) => {
    answer.on('data', (bytes: Buffer) => {
      decoder.feed(bytes);
      look();
    });
    answer.on('error', () => {});
    answer.on('close', () => {
      ended = true;
      look();
    });
  });
  stream.on('error', () => {
    ended = true;
    look();
  });
  stream.end();

  const until = (condition: () => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (held: boolean): void => {
        clearTimeout(timer);
        look = () => {};
        resolve(held);
      };
      const timer = setTimeout(() => settle(false), PATIENCE_MS);
      look = () => {
        if (condition() || ended) settle(condition());
      };
      look();
    });

  if (!(await until(() => isLive))) throw new Error('the canary has no stream');
  return {
    get sings() {
      return sent.length;
    },
    async check() {
      const text = `${marker} ${sent.length}`;
      const status = await publish(new URL(`/v1/topics/${TOPIC}/events`, ingestUrl), authorization, text);
      if (status !== 202) return `a good publish was answered with ${status}`;
      sent.push(text);
      await until(() => received.length >= sent.length);
      if (ended) return 'a good stream was closed';
      const place = sent.findIndex((each, at) => received[at] !== each);
      if (place !== -1)
        return `in place of event ${place} of a good stream came ${JSON.stringify(received[place])?.slice(0, 200)}`;
      return received.length > sent.length
        ? `a good stream got more than was sent: ${received.at(-1)?.slice(0, 200)}`
        : undefined;
    },
    close: () => void stream.destroy(),
  };
}

function publish(url: URL, authorization: string, text: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { authorization, 'content-type': 'text/plain' };
    const outgoing = request(url, { method: 'POST', headers, agent: false, timeout: PATIENCE_MS }, (answer) => {
      answer.resume();
      answer.once('close', () => resolve(answer.statusCode ?? 0));
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(0));
    outgoing.end(text);
  });
}
