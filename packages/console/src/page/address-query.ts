/** What stands behind the path of a page in an address, such as `#/inbox?user=alice`; `undefined` for another page. */
export function queryOf(hash: string, pagePath: string): URLSearchParams | undefined {
  const [path, query] = hash.split(/\?(.*)/s);
  return path === pagePath ? new URLSearchParams(query) : undefined;
}
