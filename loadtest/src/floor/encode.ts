/** One event, as its topic's subscribers get it. */
export interface FloorEvent {
  readonly topic: string;
  readonly data: string;
}

/** A stream on any transport. */
export interface Sink {
  write(bytes: Buffer): void;
}

/** What a stream says first: as a hub does, so that clients know that it is open. */
export const GREETING = ': ok\n\nevent: hub.live\ndata: {}\n\n';

/** Frames text as one chunk of HTTP/1.1. */
export function toChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** The events of one request as bytes, one buffer for each topic: what one burst brings goes out as one write. */
export function encodeByTopic(events: readonly FloorEvent[], chunked: boolean): Map<string, Buffer> {
  const texts = new Map<string, string>();
  for (const { topic, data } of events) {
    const block = `id: 0123abcd.1z.0a1b\ndata: ${data}\n\n`;
    texts.set(topic, (texts.get(topic) ?? '') + block);
  }
  return new Map([...texts].map(([topic, text]) => [topic, chunked ? toChunk(text) : Buffer.from(text)]));
}
