import { describe, expect, test } from 'vitest';
import { APPS } from '../src/app-list.ts';

describe('the applications', () => {
  test('may subscribe to and publish their own topics alone, and those of their users', () => {
    for (const { name, grants } of APPS) {
      const all = [...grants.page, ...grants.publish, ...(grants.watch ?? [])];
      const own = all.filter((pattern) => pattern !== 'user.*');
      for (const pattern of own) expect(pattern, name).toMatch(/^demo\.[a-z]+(\.([a-z]+|\*|>))?$/);
      for (const other of APPS.filter((app) => app.name !== name))
        for (const pattern of own) expect(other.grants.publish, `${name} and ${other.name}`).not.toContain(pattern);
    }
    expect(APPS.filter(({ grants }) => grants.publish.includes('user.*')).map(({ name }) => name)).toEqual(['bell']);
  });
});
