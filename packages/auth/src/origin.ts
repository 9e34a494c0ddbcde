/** Origins in canonical form, made by `parseAllowedOrigins`. The request's own origin needs no entry. */
export type AllowedOrigins = ReadonlySet<string>;

/** What a request says about the page that made it: the headers of the same names, and `Host` or `:authority`. */
export interface OriginEvidence {
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly referer: string | undefined;
  readonly host: string | undefined;
}

/**
 * Reads the allow list from settings: full origins such as `https://app.example`, schemes of native apps included.
 * @throws TypeError that names every entry that is none; `*` and `null` are none, as cookies must never meet them.
 */
export function parseAllowedOrigins(entries: readonly string[]): AllowedOrigins {
  const faulty = entries.filter((entry) => parseBareOrigin(entry) === undefined);
  if (faulty.length > 0) {
    throw new TypeError(
      `Not an origin such as https://app.example: ${faulty.map((entry) => `"${entry}"`).join(', ')}.`,
    );
  }
  return new Set(entries.map((entry) => parseBareOrigin(entry)?.origin ?? ''));
}

/**
 * Whether a request may authenticate by cookie (contract section 3). `Origin` decides where it is sent, then
 * `Sec-Fetch-Site`, then `Referer`; with none of the three the answer is no. `Origin: null` (sandboxed frames, files) is
 * refused. Own hosts are compared without the scheme, as TLS may end before us, and without the ports 80 and 443.
 */
export function isAllowedOrigin(request: OriginEvidence, allowed: AllowedOrigins): boolean {
  const { origin, secFetchSite, referer, host } = request;
  if (origin !== undefined) return corsOrigin(origin, host, allowed) !== undefined;
  if (secFetchSite !== undefined) return secFetchSite === 'same-origin' || secFetchSite === 'none';
  return isKnown(parseOrigin(referer), host, allowed);
}

/**
 * The value of `Access-Control-Allow-Origin` for a request: its origin when that is in the list or the request's own,
 * else `undefined`, and the header stays away. Never `*`, which browsers refuse together with credentials.
 */
export function corsOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: AllowedOrigins,
): string | undefined {
  const parsed = parseBareOrigin(origin);
  return isKnown(parsed, host, allowed) ? parsed?.origin : undefined;
}

interface ParsedOrigin {
  readonly origin: string;
  /** Host and port, ports 80 and 443 left out; `undefined` for other schemes than http and https. */
  readonly host: string | undefined;
}

function isKnown(parsed: ParsedOrigin | undefined, host: string | undefined, allowed: AllowedOrigins): boolean {
  if (parsed === undefined) return false;
  if (allowed.has(parsed.origin)) return true;
  return parsed.host !== undefined && parsed.host === parseBareOrigin(`http://${host ?? ''}`)?.host;
}

// An origin and nothing more: no path, query or user name. `*` is legal in a host, but who writes it hopes for a wildcard.
function parseBareOrigin(text: string | undefined): ParsedOrigin | undefined {
  if (text === undefined || !/^[^/?#@\\\s]+:\/\/[^/?#@*\\\s]+\/?$/.test(text)) return undefined;
  return parseOrigin(text);
}

function parseOrigin(url: string | undefined): ParsedOrigin | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, host, origin } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return { origin, host: host.replace(/:(80|443)$/, '') };
  // `URL.origin` is "null" for the schemes of native apps (`capacitor://localhost`), which send the plain text.
  return host === '' ? undefined : { origin: `${protocol}//${host}`, host: undefined };
}
