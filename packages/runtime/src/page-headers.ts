/**
 * Headers of every page that a service shows: scripts, styles and connections of its own alone, nothing inline, and no
 * frame around it.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  // The three last directives do not fall back to default-src.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};
