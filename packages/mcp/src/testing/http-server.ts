/** A server of tools for tests, over HTTP; what it describes can be changed while it runs. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

export interface TestToolServer {
  url: string;
  /** What the tool says of itself; null: it has none. */
  description: string | null;
  /** What it answers. */
  answer: string;
  /** A second tool appears. */
  hasMore: boolean;
  /** Headers `authorization` of the requests so far. */
  keys: (string | undefined)[];
  /** Instead of all this. */
  misbehave: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  close(): Promise<void>;
}

export async function testToolServer(): Promise<TestToolServer> {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'tides', version: '1' });
    if (state.description !== null) {
      const inputSchema = z.object({ day: z.string().optional() });
      server.registerTool('tide_at', { description: state.description, inputSchema }, async () => ({
        content: [{ type: 'text' as const, text: state.answer }],
      }));
    }
    if (state.hasMore) {
      server.registerTool('wipe', { description: 'Deletes all' }, async () => ({
        content: [{ type: 'text' as const, text: 'gone' }],
      }));
    }
    return server;
  });
  const server = createServer(async (request, response) => {
    state.keys.push(request.headers.authorization);
    if (state.misbehave) return state.misbehave(request, response);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = 'GET', headers } = request;
    const answer = await handler.fetch(
      new Request(state.url, {
        method,
        headers: headers as Record<string, string>,
        ...(method === 'POST' ? { body: Buffer.concat(parts) } : {}),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: TestToolServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    description: 'Height of the tide',
    answer: '1.2 m',
    hasMore: false,
    keys: [],
    misbehave: null,
    close: async () => {
      await handler.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  return state;
}
