import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';

interface Changelog {
  toSummary(changeset: string): string;
  closeUnreleased(changelog: string, about: { version: string; date: string; summaries: string[] }): string;
}

const { toSummary, closeUnreleased } = (await import(join(ROOT, 'scripts/changelog.mjs'))) as Changelog;
const about = { version: '0.2.0', date: '2026-12-01' };

describe('a version in the changelog', () => {
  test('is what was unreleased and what the changesets tell, by heading; older versions stay as they are', () => {
    const changelog = `# Changelog

Told to users.

## Unreleased

### Changed
- Tokens are shorter.

### Security
- A header was logged.

## 0.1.0, 2026-11-01

### Added
- Everything.
`;
    const summaries = ['Added: presence.', 'Fixed: a leak: of sockets.', 'Streams end sooner.'];
    expect(closeUnreleased(changelog, { ...about, summaries })).toBe(`# Changelog

Told to users.

## Unreleased

## 0.2.0, 2026-12-01

### Added
- presence.

### Changed
- Tokens are shorter.
- Streams end sooner.

### Fixed
- a leak: of sockets.

### Security
- A header was logged.

## 0.1.0, 2026-11-01

### Added
- Everything.
`);
  });

  test('may be the first, and may be all that there is', () => {
    const text = closeUnreleased('# Changelog\n\n## Unreleased\n', { ...about, summaries: ['Added: a hub.'] });
    expect(text).toBe('# Changelog\n\n## Unreleased\n\n## 0.2.0, 2026-12-01\n\n### Added\n- a hub.\n');
    expect(() => closeUnreleased('# Changelog\n', { ...about, summaries: [] })).toThrow('no section');
  });

  test.each([
    ['---\n"@tidings/sdk": minor\n---\n\nAdded: one thing\nover two lines.\n', 'Added: one thing over two lines.'],
    ['---\n---\n\nFixed: nothing that needs a version.\n', 'Fixed: nothing that needs a version.'],
    ['---\n"@tidings/sdk": patch\n---\n\nFixed: a rule --- in the text.\n', 'Fixed: a rule --- in the text.'],
  ])('takes the text of a changeset alone', (changeset, summary) => {
    expect(toSummary(changeset)).toBe(summary);
  });
});
