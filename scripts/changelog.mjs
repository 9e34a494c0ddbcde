const HEADINGS = ['Added', 'Changed', 'Fixed'];
const UNRELEASED = '## Unreleased\n';

/** What a changeset tells users: its text without the list of packages, on one line. */
export function toSummary(changeset) {
  const text = changeset.replace(/^---\n.*?\n?---\n/s, '');
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

/**
 * Closes the `Unreleased` section of a changelog: adds the summaries to it, each under the heading that it begins with
 * (`Added: …`; without one `Changed`), and gives it the version and the date.
 * @throws Error when there is no such section.
 */
export function closeUnreleased(changelog, { version, date, summaries }) {
  const start = changelog.indexOf(UNRELEASED);
  if (start < 0) throw new Error('CHANGELOG.md has no section "Unreleased"');
  const next = changelog.indexOf('\n## ', start);
  const end = next < 0 ? changelog.length : next + 1;
  const entries = readEntries(changelog.slice(start + UNRELEASED.length, end));
  for (const summary of summaries) {
    const [, heading, rest] = /^(Added|Changed|Fixed): (.*)$/.exec(summary) ?? [undefined, 'Changed', summary];
    entries.get(heading).push(`- ${rest}`);
  }
  const parts = [...entries].filter(([, lines]) => lines.length > 0);
  const section = parts.map(([heading, lines]) => `### ${heading}\n${lines.join('\n')}\n`).join('\n');
  const after = end < changelog.length ? `\n${changelog.slice(end)}` : '';
  return `${changelog.slice(0, start)}${UNRELEASED}\n## ${version}, ${date}\n\n${section}${after}`;
}

/** The lines of a section by their heading, in the order in which headings always stand. */
function readEntries(section) {
  const entries = new Map(HEADINGS.map((heading) => [heading, []]));
  let lines;
  for (const line of section.split('\n')) {
    const heading = /^### (.*)$/.exec(line)?.[1];
    if (heading !== undefined) {
      lines = entries.get(heading) ?? [];
      entries.set(heading, lines);
    } else if (line.trim() !== '') lines?.push(line);
  }
  return entries;
}
