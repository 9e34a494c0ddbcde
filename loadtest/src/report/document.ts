/**
 * Replaces what stands between `<!-- name -->` and `<!-- /name -->`, each on a line of its own.
 * @throws Error when the document does not have both.
 */
export function replaceSection(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = document.indexOf(open);
  const end = document.indexOf(close);
  if (start === -1 || end < start) throw new Error(`the document has no section ${name}`);
  return `${document.slice(0, start + open.length)}\n${text}\n${document.slice(end)}`;
}
