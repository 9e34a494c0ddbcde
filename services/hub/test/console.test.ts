import { request } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import { startTestHub } from './fixture.ts';

describe('the console', () => {
  test('is served by a hub unless it is switched off, and lets in no markup and no script but its own', async () => {
    const { url } = await startTestHub();
    const page = await request(`${url}/console`);
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    expect(await page.text()).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/);
    for (const file of ['console.js', 'console.css']) {
      expect((await request(`${url}/console/${file}`)).status).toBe(200);
    }

    const without = await startTestHub({ TIDINGS_CONSOLE: 'off' });
    for (const path of ['/console', '/console/console.js', '/console/development']) {
      expect((await request(without.url + path)).status).toBe(404);
    }
  });
});
