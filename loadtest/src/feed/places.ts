import type { EventShape } from './model.ts';
import type { Point } from './point.ts';
import { topicOf } from './traffic.ts';

const TENANT = 'default.';
const JSON_MARK = 'Td-Json: 1\r\n';
const KEYED_ID_BYTES = 43;

/** Knows the place of each topic's newest event, and with it the size of what the next ones will say. */
export class Places {
  #newest = 0;
  #requests = 0;
  readonly #byTopic = new Map<string, number>();

  /** The average shape of a point's events, which are stored after all that were before. */
  take(point: Point): EventShape {
    let [address, place, before, count] = [0, 0, 0, 0];
    for (let turn = 0; turn < point.events; turn += 1) {
      const topic = topicOf(point, turn);
      address += TENANT.length + topic.length;
      before += digits(this.#byTopic.get(topic) ?? 0);
      this.#newest += 1;
      this.#requests += 1;
      place += digits(this.#newest);
      count += this.#requests.toString(36).length;
      this.#byTopic.set(topic, this.#newest);
    }
    const { event, events, keyed, payloadBytes } = point;
    return {
      addressBytes: address / events,
      payloadBytes,
      markBytes: event === undefined ? 0 : `Td-Event: ${event}\r\n${JSON_MARK}`.length,
      ...(keyed && { idBytes: KEYED_ID_BYTES }),
      placeDigits: place / events,
      beforeDigits: before / events,
      countDigits: count / events,
    };
  }
}

const digits = (value: number): number => `${value}`.length;
