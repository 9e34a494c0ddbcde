import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCloudEvent } from '../src/cloud-event.ts';
import { encodeCursor } from '../src/cursor.ts';
import type { Message } from '../src/message.ts';
import { epoch, eventName, payload, seq, topic } from './arbitraries.ts';

const TIME = '2026-11-21T08:00:00.123Z';

function textOf(fields: Partial<Message>, log = '3f'): string {
  const message = {
    ...{ seq: 12_313, tenant: 'acme', topic: 'orders.42', event: '', data: Buffer.from('x'), json: false },
    ...{ final: false, exclude: '', timeMs: Date.parse(TIME), expiresAtMs: Number.POSITIVE_INFINITY },
    ...fields,
  };
  return encodeCloudEvent(message, log).toString();
}

describe('encodeCloudEvent', () => {
  it('is the JSON event format, with the cursor as the id', () => {
    const cursor = encodeCursor('3f', 12_313);
    expect(textOf({ event: 'status', data: Buffer.from('{"a": 1.0}'), json: true })).toBe(
      `{"specversion":"1.0","id":"${cursor}","source":"urn:tidings:tenant:acme","type":"status","subject":"orders.42","time":"${TIME}","tidingscursor":"${cursor}","datacontenttype":"application/json","data":{"a": 1.0}}`,
    );
  });

  it('has a type for an event without a name, and an id for one without a cursor, each time another', () => {
    const [one, other] = [JSON.parse(textOf({ seq: 0 })), JSON.parse(textOf({ seq: 0 }))];
    expect(one).toMatchObject({ type: 'message', datacontenttype: 'text/plain', data: 'x' });
    expect(one).not.toHaveProperty('tidingscursor');
    expect(one.id).not.toBe(other.id);
  });

  it('is valid for the official SDK, whatever the event is', () => {
    const tenant = fc.constantFrom('default', 'a/b', 'é😀', '%41');
    fc.assert(
      fc.property(tenant, topic, eventName, payload, epoch, seq, (of, subject, type, text, log, place) => {
        const given = JSON.parse(
          textOf({ tenant: of, topic: subject, event: type, data: Buffer.from(text), seq: place }, log),
        );
        const event = new CloudEvent<string>(given, true);
        expect(event).toMatchObject({ type, subject, time: TIME, data: text });
        if (place > 0) expect(event).toMatchObject({ id: encodeCursor(log, place), tidingscursor: event.id });
        expect(decodeURIComponent(event.source)).toBe(`urn:tidings:tenant:${of}`);
      }),
      { numRuns: 40 },
    );
  });
});
