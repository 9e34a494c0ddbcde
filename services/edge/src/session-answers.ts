import { type ErrorDetails, type ProblemCode, TidingsError } from '@tidings/protocol';
import { findPresence, type PresenceQuery } from './presence.ts';
import { changeSession, type SessionChange, type SessionChangeParts } from './session-change.ts';
import { isWithin, type SessionScope } from './session-scope.ts';
import { listSessions, type SessionQuery, viewOf } from './session-view.ts';

/** What edges ask each other. */
export const ASK = {
  sessions: 'sessions',
  session: 'session',
  close: 'session-close',
  change: 'session-change',
  presence: 'presence',
} as const;

/** One session, for a caller who may see what lies within the scope. */
export interface SessionRequest extends SessionScope {
  readonly id: string;
}

/** What another edge answers to a change. */
export type ChangeAnswer =
  | { readonly topics: readonly string[] }
  | { readonly code: ProblemCode; readonly message: string; readonly details: ErrorDetails };

/** Has this edge answer, for its own sessions, what any edge may ask. */
export function answerForSessions(parts: SessionChangeParts): void {
  const { edge } = parts;
  const { cluster, registry } = edge;

  const find = ({ id, ...scope }: SessionRequest) => {
    const session = registry.find(id);
    return session !== undefined && isWithin(session, scope) ? session : undefined;
  };

  cluster.answer(ASK.sessions, (query) => listSessions(query as SessionQuery, edge));
  cluster.answer(ASK.presence, (query) => findPresence(query as PresenceQuery, edge));
  cluster.answer(ASK.session, (request) => {
    const session = find(request as SessionRequest);
    return session && viewOf(session, edge);
  });
  cluster.answer(ASK.close, (request) => {
    const session = find(request as SessionRequest);
    session?.close('kicked');
    return session !== undefined;
  });
  cluster.answer(ASK.change, async (change): Promise<ChangeAnswer | undefined> => {
    try {
      const topics = await changeSession(change as SessionChange, parts);
      return topics && { topics };
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      return { code: error.code, message: error.message, details: error.details };
    }
  });
}
