import type { IncomingMessage } from 'node:http';

/**
 * The part of a request's head that `node:http` and the compatibility API of `node:http2` give alike. What else they give
 * differs: there is no `headersDistinct` over HTTP/2, and the host may stand in `:authority` alone.
 */
export type RequestHead = Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
  /** Where it came from. */
  readonly socket?: { readonly remoteAddress?: string | undefined };
};

/**
 * Every value of a header in order of appearance, also of those of which Node keeps only the first in `headers`
 * (`authorization`, `host` and others, under both protocols).
 * @param name in lower case.
 */
export function headerValues({ rawHeaders }: RequestHead, name: string): readonly string[] {
  const values: string[] = [];
  for (let place = 0; place + 1 < rawHeaders.length; place += 2) {
    const field = rawHeaders[place] as string;
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[place + 1] as string);
  }
  return values;
}

/**
 * The host that a request is for, with its port where it names one: `:authority` over HTTP/2, which outranks `Host`
 * (RFC 9113 section 8.3.1), else `Host`. Over HTTP/1 no header can have that name.
 */
export function requestedHost({ headers }: RequestHead): string | undefined {
  return (headers[':authority'] as string | undefined) ?? headers.host;
}
