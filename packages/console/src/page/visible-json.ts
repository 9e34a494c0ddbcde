// The controls that JSON leaves as they are, the line ends that are none in JSON, and what turns the direction of writing.
const UNSEEN = /[\x7f-\x9f\u2028\u2029\p{Bidi_Control}]/gu;

/**
 * A value as JSON that one can copy: in a terminal DEL rubs out what stands before it, U+009B begins a command, and a text
 * that turns its direction reads as another one than it is. Whoever may publish chose the text.
 */
export function toVisibleJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSEEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
