import { createMcpHandler, isJsonContentType, readRequestBody } from '@modelcontextprotocol/server';
import { MAX_BODY_BYTES } from '../limits.ts';
import type { McpAgent } from '../server/agent.ts';
import { agentMcpServer } from '../server/agent-server.ts';

/** An agent as an MCP endpoint over HTTP. */
export interface McpEndpoint {
  /**
   * Answers one request. Hosts and origins are checked before it.
   * @param caller `peer:<peer id>` if the connection has proven it, otherwise `anonymous`
   */
  fetch(request: Request, caller: string): Promise<Response>;
  /** Ends the requests at work. */
  close(): Promise<void>;
}

/** JSON-RPC's codes of errors. */
const CODES = { parse: -32_700, request: -32_600, server: -32_000 };

/**
 * An agent over streamable HTTP, without sessions: each request has a server of its own. Clients of the revisions since
 * 2025 and of 2026-07-28 are answered, with one JSON document, or with an event stream if they ask for progress.
 */
export function mcpEndpoint(agent: McpAgent): McpEndpoint {
  const report = (error: unknown) => agent.onError?.(error);
  const handler = createMcpHandler(({ authInfo }) => agentMcpServer(agent, authInfo?.clientId), {
    maxRequestBodySize: MAX_BODY_BYTES,
    // Nothing ever changes that a client could subscribe to.
    maxSubscriptions: 0,
  });
  return {
    async fetch(request, caller) {
      const authInfo = { clientId: caller, token: '', scopes: [] };
      try {
        if (request.method !== 'POST' || !isJsonContentType(request.headers.get('content-type'))) {
          return await handler.fetch(request, { authInfo });
        }
        const parsedBody = await readBody(request);
        if (parsedBody instanceof Response) return parsedBody;
        return await handler.fetch(request, { authInfo, parsedBody });
      } catch (error) {
        if (!request.signal.aborted) report(error);
        return refuse(500, CODES.server, 'the server failed');
      }
    },
    close: () => handler.close(),
  };
}

/** The body, or why it is refused. A batch is: one request would be any number of calls, past limits of rate. */
async function readBody(request: Request): Promise<object | Response> {
  const body = await readRequestBody(request, MAX_BODY_BYTES);
  if (body.tooLarge) return refuse(413, CODES.server, `the body has more than ${MAX_BODY_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(body.text);
  } catch {
    return refuse(400, CODES.parse, 'the body is not JSON');
  }
  if (typeof json !== 'object' || json === null) return refuse(400, CODES.request, 'the body is no message');
  return Array.isArray(json) ? refuse(400, CODES.request, 'send one message at a time') : json;
}

function refuse(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status });
}
