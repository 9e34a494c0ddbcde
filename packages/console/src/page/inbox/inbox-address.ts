import { queryOf } from '../address-query.ts';

const PATH = '#/inbox';
const PAGE_ROWS = 20;

/** Reads the user of `#/inbox?user=alice`, empty where it names none; `undefined` for another page. */
export function parseInboxAddress(hash: string): string | undefined {
  const query = queryOf(hash, PATH);
  return query && (query.get('user') ?? '');
}

/** The address of an inbox: no token is in it, so it can be handed on. */
export const toInboxAddress = (user: string): string =>
  user === '' ? PATH : `${PATH}?${new URLSearchParams({ user })}`;

/** The path of a page of an inbox. @param before empty for the newest events. */
export function toInboxPath(user: string, before: string): string {
  const query = new URLSearchParams({ limit: `${PAGE_ROWS}`, ...(before !== '' && { before }) });
  return `${pathOf(user)}?${query}`;
}

/** The path that marks events of an inbox as read. */
export const toReadPath = (user: string): string => `${pathOf(user)}/read`;

const pathOf = (user: string): string => `/v1/users/${encodeURIComponent(user)}/inbox`;
