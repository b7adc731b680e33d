import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdminAccess } from '@chorus/admin-api';
import { afterEach, expect, it, vi } from 'vitest';
import { nodeClient } from './node-client.ts';

let server: Server | undefined;
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  server?.closeAllConnections();
  server?.close();
});

it('a command says within ten seconds that it waits for a node that does not answer', async () => {
  // As a node that is asleep: it accepts connections, and nothing more.
  server = createServer(() => {});
  await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const answer = nodeClient({ url, token: 'x' } as AdminAccess).findAgents({});
  const over = answer.then(
    () => null,
    (error: unknown) => error,
  );
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual([expect.stringMatching(/^waiting for the node, .*\(8 s so far\) \.\.\.\n$/)]);
  server.closeAllConnections();
  expect(await over).toMatchObject({ code: 'E_ADMIN_UNREACHABLE' });
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(1);
});
