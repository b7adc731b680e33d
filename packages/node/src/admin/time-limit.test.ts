import { slow } from '@chorus/admin-api/routes';
import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AdminEnv } from './env.ts';
import { hostOf, problemIn } from './testing/ask.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const endpoint = (path: `/${string}`) => ({
  method: 'get' as const,
  path,
  operationId: path,
  summary: 'never answers',
  security: [],
  responses: { 200: { description: 'never' } },
});

it.each([
  ['an answer', createRoute(endpoint('/v1/quick')), 10_000],
  ['an answer that waits for the chain', createRoute(slow(endpoint('/v1/slow'))), 170_000],
])('the API ends %s that takes too long, and logs that', async (_, route, milliseconds) => {
  let asked = () => {};
  const begun = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const area = new OpenAPIHono<AdminEnv>().openapi(route, () => {
    asked();
    return new Promise<Response>(() => {});
  });
  const { ask, errors } = hostOf([area]);
  const response = ask('GET', route.path);
  await begun;
  await vi.advanceTimersByTimeAsync(milliseconds - 1);
  expect(errors).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await problemIn(await response)).toMatchObject({
    status: 504,
    code: 'E_ADMIN_TIMEOUT',
    facts: { milliseconds },
  });
  expect(errors).toHaveLength(1);
});
