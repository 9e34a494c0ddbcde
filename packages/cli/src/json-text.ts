/** What is still to be written: text as it is, or a value. */
type Piece = string | { readonly value: unknown };

/**
 * A value of JSON as text on one line, however deep it is: whoever publishes chooses the depth, which the engine's parser has
 * no bound for, and its writer has.
 */
export function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return writeDeep(value);
  }
}

function writeDeep(whole: unknown): string {
  const written: string[] = [];
  // The next one last.
  const left: Piece[] = [{ value: whole }];
  for (let piece = left.pop(); piece !== undefined; piece = left.pop()) {
    if (typeof piece === 'string') written.push(piece);
    else for (const part of toPieces(piece.value).reverse()) left.push(part);
  }
  return written.join('');
}

function toPieces(value: unknown): Piece[] {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  if (Array.isArray(value)) return ['[', ...value.flatMap((item, at) => [at === 0 ? '' : ',', { value: item }]), ']'];
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const toMember = ([name, member]: [string, unknown], at: number): Piece[] => [
    `${at === 0 ? '' : ','}${JSON.stringify(name)}:`,
    { value: member },
  ];
  return ['{', ...members.flatMap(toMember), '}'];
}
