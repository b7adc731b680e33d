import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AdminEnv } from './env.ts';
import { hostOf, JSON_TYPE, problemIn } from './testing/ask.ts';

describe('an area that the host does not know', () => {
  const answer = z.object({ said: z.string() });
  const route = createRoute({
    method: 'post',
    path: '/v1/toys/{id}',
    operationId: 'toy',
    request: {
      params: z.object({ id: z.string().regex(/^\d+$/, 'must be a number') }),
      body: {
        required: true,
        content: { 'application/json': { schema: z.strictObject({ say: z.string() }) } },
      },
    },
    responses: { 200: { description: 'an echo', content: { 'application/json': { schema: answer } } } },
  });
  const toys = () =>
    new OpenAPIHono<AdminEnv>().openapi(route, (c) => {
      const { say } = c.req.valid('json');
      if (say === 'fail') throw new Error('the password is swordfish');
      return c.json({ said: say }, 200);
    });
  const say = (what: string) => JSON.stringify({ say: what });

  it('an area of a service is served, described, and guarded like those of the node', async () => {
    const { ask, errors } = hostOf([toys()]);
    expect(await (await ask('POST', '/v1/toys/7', JSON_TYPE, say('hello'))).json()).toEqual({
      said: 'hello',
    });
    const document = (await (await ask('GET', '/openapi.json')).json()) as { paths: object };
    expect(Object.keys(document.paths)).toEqual(['/openapi.json', '/v1/toys/{id}']);
    const stranger = { ...JSON_TYPE, authorization: '' };
    expect((await ask('POST', '/v1/toys/7', stranger, say('hello'))).status).toBe(401);
    expect((await ask('POST', '/v1/toys/7', JSON_TYPE, say('x'.repeat(20_000)))).status).toBe(413);
    expect((await ask('POST', '/v1/toys/7', { 'content-type': 'text/plain' }, say('x'))).status).toBe(415);
    expect((await ask('GET', '/v1/toys/7')).status).toBe(405);
    expect(await problemIn(await ask('POST', '/v1/toys/seven', JSON_TYPE, say('x')))).toMatchObject({
      status: 400,
      title: 'must be a number',
      facts: { place: 'path', field: 'id' },
    });
    expect(errors).toEqual([]);
    const failed = await problemIn(await ask('POST', '/v1/toys/7', JSON_TYPE, say('fail')));
    expect(failed).toMatchObject({ status: 500, code: 'E_UNEXPECTED' });
    expect(JSON.stringify(failed)).not.toContain('swordfish');
    expect(errors).toHaveLength(1);
  });

  it('an area below a base path is refused, because the limits of the host would miss it', () => {
    const area = new OpenAPIHono<AdminEnv>().basePath('/v1/below');
    area.openapi(route, (c) => c.json({ said: '' }, 200));
    expect(() => hostOf([area])).toThrow(TypeError);
  });
});
