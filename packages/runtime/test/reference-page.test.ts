import { createRoute, z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { addApiDocument } from '../src/api-document.ts';
import { VERSION } from '../src/version.ts';
import { startApp } from './fixture.ts';

const start = () => startApp((app) => addApiDocument(app, 'A service'));

describe('the API reference', () => {
  it.each([
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/reference.js', 'text/javascript; charset=utf-8'],
    ['/docs/reference.css', 'text/css; charset=utf-8'],
  ])('section 1: %s is served as %s, under a policy that lets in no other host', async (path, type) => {
    const { request } = await start();
    const answer = await request(`GET ${path} HTTP/1.1`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|unsafe|\*/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.body.length).toBeGreaterThan(100);
  });

  it('the page names no other host and holds no inline script', async () => {
    const { request } = await start();
    const { body } = await request('GET /docs HTTP/1.1');
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(body).not.toMatch(/<script(?![^>]*src=)|\son\w+=|style="/);
  });

  it('section 1: /openapi.json is the OpenAPI 3.1 document of the routes that were registered', async () => {
    const { request } = await startApp((app) => {
      const route = createRoute({
        method: 'post',
        path: '/v1/things/{id}',
        request: { params: z.object({ id: z.string() }) },
        responses: { 204: { description: 'Done.' } },
      });
      app.openAPIRegistry.registerPath(route);
      addApiDocument(app, 'A service');
    });
    const answer = await request('GET /openapi.json HTTP/1.1');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    const document = JSON.parse(answer.body);
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'A service', version: VERSION } });
    expect(Object.keys(document.paths)).toEqual(['/v1/things/{id}']);
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  });
});
