import { isEventName, isTopic } from '@tidings/protocol';
import { type Delivery, type Place, readPlace } from './place.ts';
import { type Pointer, valueAt } from './pointer.ts';
import { fillTemplate, type Template } from './template.ts';
import { toOwnTopic, toTopicToken } from './topic-token.ts';

/** A value that a delivery must have at a place: one of these. */
interface Condition {
  readonly place: Place;
  readonly values: readonly unknown[];
}

/** How the deliveries of a hook become events. */
export interface Rule {
  readonly when: readonly Condition[];
  readonly topic: Template;
  /** `undefined`: its events have no name. */
  readonly event: Template | undefined;
  readonly id: Template;
  readonly data: Pointer;
}

/** What a delivery says, by its rule. */
export interface Mapped {
  readonly topic: string;
  readonly event: string | undefined;
  /** The provider's own id of the delivery, of any length. */
  readonly id: string;
  readonly data: unknown;
}

/** Why a delivery is none of the rule's, as a sentence for who sent it: it quotes the rule, and nothing that came. */
export interface Ignored {
  readonly ignored: string;
}

export const isIgnored = (mapped: object): mapped is Ignored => 'ignored' in mapped;

/**
 * Maps a delivery to an event. One that lacks what the rule needs is ignored and no error: a provider sends it again, and
 * in the end nothing any more, where it is told of one.
 */
export function applyRule({ when, topic, event, id, data }: Rule, delivery: Delivery): Mapped | Ignored {
  for (const { place, values } of when) {
    if (!values.includes(readPlace(place, delivery))) return { ignored: `${place.text} has another value.` };
  }
  const filled = {
    topic: fillTemplate(topic, delivery, toTopicToken),
    event: event === undefined ? { text: undefined, missing: undefined } : fillTemplate(event, delivery),
    id: fillTemplate(id, delivery),
  };
  for (const { missing } of Object.values(filled)) {
    if (missing !== undefined) return { ignored: `${missing} has no value.` };
  }
  const ownTopic = toOwnTopic(filled.topic.text ?? '');
  if (!isTopic(ownTopic)) return { ignored: 'The topic is too long.' };
  const name = filled.event.text;
  if (name !== undefined && !isEventName(name)) return { ignored: 'The event name is not allowed.' };
  const value = valueAt(delivery.body, data);
  if (value === undefined) return { ignored: 'data has no value.' };
  return { topic: ownTopic, event: name, id: filled.id.text ?? '', data: value };
}
