import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { A2aApp, A2aBindings } from '@chorus/a2a';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { describeA2a } from './a2a.ts';

describeA2a('over TCP', async (make) => {
  let app: A2aApp | undefined;
  const outer = new Hono<{ Bindings: A2aBindings }>();
  const server = serve({ fetch: (request) => outer.fetch(request, {}), hostname: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/agents/7/`;
  app = await make({ http: base }, randomBytes(32));
  outer.route('/agents/7', app.hono);
  return {
    app,
    target: base,
    caller: { allowPrivate: true },
    stranger: { allowPrivate: true },
    request: (path, init) => fetch(`${base}${path}`, { ...init, redirect: 'manual' }),
    proven: false,
    flood: 1_000,
    close: async () => {
      await app.close();
      (server as import('node:http').Server).closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});
