import {
  MAX_EVENT_BYTES_CEILING,
  MAX_FANOUT_TOPICS,
  MAX_IDEMPOTENCY_KEY_CHARACTERS,
  parseEventName,
  parseTopic,
  TidingsError,
  toUserTopic,
} from '@tidings/protocol/client';
import type { EventBody } from '../curl.ts';
import { findJsonFault } from './json-fault.ts';

/** What stands in the form, as it was typed. */
export interface EventForm {
  readonly target: 'topic' | 'topics' | 'user';
  readonly topic: string;
  /** One a line. */
  readonly topics: string;
  readonly user: string;
  readonly event: string;
  readonly format: 'text' | 'json';
  readonly data: string;
  readonly id: string;
  readonly ttl: string;
  readonly store: boolean;
  readonly final: boolean;
  readonly exclude: string;
}

export type FieldName = keyof EventForm;

export const EMPTY_FORM: EventForm = {
  target: 'topic',
  topic: '',
  topics: '',
  user: '',
  event: '',
  format: 'text',
  data: '',
  id: '',
  ttl: '',
  store: true,
  final: false,
  exclude: '',
};

/** What is wrong, by field. */
export type FieldFaults = Readonly<Partial<Record<FieldName, string>>>;

/** The topics of a form that names several. */
const toTopicLines = (topics: string): readonly string[] => topics.split(/\r?\n/).filter((line) => line !== '');

/**
 * What the hub would refuse (contract sections 2 and 5), by its own rules; but for what it alone knows: how long it keeps
 * history, how large events may be there, and what the token may do.
 */
export function findFaults(form: EventForm): FieldFaults {
  const found: [FieldName, string | undefined][] = [
    [form.target, targetFault(form)],
    ['event', form.event === '' ? undefined : faultOf(() => parseEventName(form.event))],
    ['data', dataFault(form)],
    ['id', idFault(form.id)],
    ['ttl', form.ttl === '' || isTtl(form.ttl) ? undefined : 'Whole seconds, 1 or more.'],
    ['final', form.final && !form.store ? 'A final event must be stored.' : undefined],
    ['exclude', /^[\w-]{0,64}$/.test(form.exclude) ? undefined : 'This is no id of a session.'],
  ];
  return Object.fromEntries(found.filter(([, fault]) => fault !== undefined));
}

/** The body of the request; `data` that is no JSON goes as text, as one types. */
export function toEventBody(form: EventForm): EventBody {
  const { target, event, id, ttl, store, final, exclude } = form;
  return {
    [target]: target === 'topics' ? toTopicLines(form.topics) : form[target],
    ...(event !== '' && { event }),
    data: toData(form),
    ...(id !== '' && { id }),
    ...(ttl !== '' && { ttl: Number(ttl) }),
    ...(!store && { store }),
    ...(final && { final }),
    ...(exclude !== '' && { exclude }),
  };
}

/** The field that a JSON pointer of the hub names, such as `/topics/3`; `undefined` for the whole event. */
export function fieldOf(pointer: string | undefined): FieldName | undefined {
  const name = pointer?.split('/')[1] ?? '';
  return Object.hasOwn(EMPTY_FORM, name) ? (name as FieldName) : undefined;
}

function toData({ format, data }: EventForm): unknown {
  if (format === 'text') return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

function targetFault({ target, topic, topics, user }: EventForm): string | undefined {
  if (target === 'topic') return topic === '' ? 'Name a topic.' : faultOf(() => parseTopic(topic));
  if (target === 'user') return user === '' ? 'Name a user.' : faultOf(() => toUserTopic(user));
  const lines = toTopicLines(topics);
  if (lines.length === 0) return 'Name a topic on each line.';
  if (lines.length > MAX_FANOUT_TOPICS) return `${lines.length} topics: there may be ${MAX_FANOUT_TOPICS}.`;
  for (const [place, line] of lines.entries()) {
    const fault = faultOf(() => parseTopic(line));
    if (fault !== undefined) return `Topic ${place + 1}: ${fault}`;
  }
  return undefined;
}

function dataFault({ format, data }: EventForm): string | undefined {
  const fault = format === 'json' ? findJsonFault(data) : undefined;
  if (fault !== undefined) return `Line ${fault.line}, column ${fault.column}: expected ${fault.expected}.`;
  if (format === 'text' && /\p{Cs}/u.test(data)) return 'There is a lone surrogate, which no UTF-8 text has.';
  const delivered = format === 'json' ? JSON.stringify(JSON.parse(data)) : data;
  const bytes = new TextEncoder().encode(delivered).length;
  return bytes > MAX_EVENT_BYTES_CEILING
    ? `${bytes} bytes: no hub takes more than ${MAX_EVENT_BYTES_CEILING}.`
    : undefined;
}

function idFault(id: string): string | undefined {
  if (id.length > MAX_IDEMPOTENCY_KEY_CHARACTERS) return `No more than ${MAX_IDEMPOTENCY_KEY_CHARACTERS} characters.`;
  return /[\p{Cc}\p{Cs}]/u.test(id) ? 'No control characters, and no lone surrogates.' : undefined;
}

const isTtl = (ttl: string): boolean => /^0*[1-9]\d{0,11}$/.test(ttl);

function faultOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof TidingsError) return error.message;
    throw error;
  }
}
