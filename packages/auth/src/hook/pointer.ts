/** A JSON pointer (RFC 6901), taken apart: the reference tokens, unescaped. None of them: the whole document. */
export type Pointer = readonly string[];

/** Reads a JSON pointer. @throws TypeError with the reason, as the end of a sentence. */
export function parsePointer(text: string): Pointer {
  if (text === '') return [];
  if (!text.startsWith('/')) throw new TypeError('is no JSON pointer: one begins with /');
  if (/~(?![01])/.test(text)) throw new TypeError('is no JSON pointer: ~ stands there only as ~0 or ~1');
  // In this order, or ~01 would become / (section 4).
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The value that a pointer refers to, or `undefined` where there is none. Only what stands in the document itself counts:
 * nothing is inherited, and an array has its elements alone (section 4: no leading zeros, and `-` is none of them).
 */
export function valueAt(document: unknown, pointer: Pointer): unknown {
  let value = document;
  for (const token of pointer) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
    value = (value as Record<string, unknown>)[token];
  }
  return value;
}
