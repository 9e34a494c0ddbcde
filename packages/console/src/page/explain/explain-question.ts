import type { Problem } from '@tidings/protocol/client';
import { queryOf } from '../address-query.ts';
import { describeFailure, type HubAnswer } from '../hub-client.ts';

const PATH = '#/explain';

/** Whether this user got this event; what is not known yet is empty. */
export interface ExplainQuestion {
  readonly user: string;
  /** Its id, as publishing answers it and streams have it. */
  readonly event: string;
}

/** What the hub says against a question, and of which field. */
export interface QuestionFault {
  /** `undefined`: of none in particular. */
  readonly field: keyof ExplainQuestion | undefined;
  readonly text: string;
}

/** Reads `#/explain?user=alice&event=3f.9k2.x7a1`, of which any part may be left out; `undefined` for another page. */
export function parseExplainAddress(hash: string): ExplainQuestion | undefined {
  const given = queryOf(hash, PATH);
  return given && { user: given.get('user') ?? '', event: given.get('event') ?? '' };
}

/** The address that asks it: no token is in it, so it can be handed on. */
export function toExplainAddress(question: Partial<ExplainQuestion>): string {
  const query = toQuery(question);
  return `${PATH}${query === '' ? '' : `?${query}`}`;
}

export const toExplainPath = (question: ExplainQuestion): string => `/v1/explain?${toQuery(question)}`;

export const isWhole = ({ user, event }: ExplainQuestion): boolean => user !== '' && event !== '';

function toQuery({ user = '', event = '' }: Partial<ExplainQuestion>): string {
  return `${new URLSearchParams({ ...(user !== '' && { user }), ...(event !== '' && { event }) })}`;
}

export function toQuestionFault(answer: HubAnswer): QuestionFault {
  const { parameter } = (answer.body ?? {}) as Partial<Problem>;
  const field = parameter === 'user' || parameter === 'event' ? parameter : undefined;
  return { field, text: describeFailure(answer) };
}
