const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };

/** An answer of JSON text that nobody may keep: it is one caller's, and of this moment. */
export function answerJsonText(text: string | Uint8Array<ArrayBuffer>, status = 200): Response {
  return new Response(text, { status, headers: JSON_HEADERS });
}
