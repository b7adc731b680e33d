import { expect, it } from 'vitest';
import { ENDPOINTS, type Endpoint } from './index.ts';
import * as exported from './routes.ts';

const groups = Object.entries(exported)
  .filter(([name]) => name.endsWith('Routes'))
  .map(([, routes]) => routes as unknown as Record<string, Endpoint>);

it('every endpoint is a route of one area, under its own name, and every route an endpoint', () => {
  const routes = groups.flatMap((group) => Object.entries(group));
  expect(routes.map(([name]) => name).sort()).toEqual(Object.keys(ENDPOINTS).sort());
  for (const [name, { operationId, method, path }] of routes) {
    expect(operationId).toBe(name);
    expect(ENDPOINTS[name as keyof typeof ENDPOINTS]).toMatchObject({ operationId, method, path });
  }
  expect(new Set(routes.map(([, { method, path }]) => `${method} ${path}`)).size).toBe(routes.length);
});

it('a route may take long exactly if its endpoint may', () => {
  const slow = groups.flatMap((group) => Object.entries(group)).filter(([, route]) => exported.isSlow(route));
  expect(slow.map(([name]) => name).sort()).toEqual(
    Object.entries(ENDPOINTS)
      .filter(([, endpoint]) => exported.isSlow(endpoint))
      .map(([name]) => name)
      .sort(),
  );
  expect(slow.map(([name]) => name)).toContain('claim');
});
