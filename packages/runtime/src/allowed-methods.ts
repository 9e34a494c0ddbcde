/** A route as hono lists it. */
interface RouteEntry {
  readonly method: string;
  readonly path: string;
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return false;
  return wanted.every((part, place) => (part.startsWith(':') ? given[place] !== '' : part === given[place]));
}

/**
 * The `Allow` value of a path (RFC 9110 section 10.2.1), or `undefined` when no route knows the path. HEAD comes with
 * GET, OPTIONS with anything; middleware and catch-all routes do not count.
 */
export function allowedMethods(routes: readonly RouteEntry[], path: string): string | undefined {
  const found = new Set<string>();
  for (const { method, path: pattern } of routes) {
    if (method === 'ALL' || pattern.includes('*') || !matches(pattern, path)) continue;
    found.add(method);
    if (method === 'GET') found.add('HEAD');
  }
  if (found.size === 0) return undefined;
  return [...found, 'OPTIONS'].join(', ');
}
