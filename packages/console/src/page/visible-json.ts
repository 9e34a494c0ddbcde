// The controls that JSON leaves as they are, the line ends that are none in JSON, and what turns the direction of writing.
const UNSEEN = /[\x7f-\x9f\u2028\u2029\p{Bidi_Control}]/gu;
// Those that JSON escapes, but for what parts lines and words.
const CONTROL = /[^\P{Cc}\t\n\r]/gu;

/**
 * A value as JSON that one can copy: in a terminal DEL rubs out what stands before it, U+009B begins a command, and a text
 * that turns its direction reads as another one than it is. Whoever may publish chose the text.
 */
export const toVisibleJson = (value: unknown): string => JSON.stringify(value).replace(UNSEEN, toEscape);

/** A text as it is, but for what is not seen, or makes it read as another one: that is escaped as in JSON. */
export const toVisibleText = (text: string): string => text.replace(UNSEEN, toEscape).replace(CONTROL, toEscape);

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
