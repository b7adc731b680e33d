import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { MAX_LINE_BYTES } from '../limits.ts';
import type { McpAgent } from '../server/agent.ts';
import { agentMcpServer } from '../server/agent-server.ts';

export interface StdioOptions {
  input: Readable;
  /** Gets messages of MCP, one a line, and nothing else. */
  output: Writable;
  /** Ends the connection. */
  signal: AbortSignal;
}

/**
 * Serves an agent over two streams, to the one client at their other end. Resolves when that client has closed its end,
 * sends a message that is too large, or the signal is aborted; calls at work are aborted then.
 */
export async function serveMcpStreams(
  agent: McpAgent,
  { input, output, signal }: StdioOptions,
): Promise<void> {
  const transport = new StdioServerTransport(input, output, { maxBufferSize: MAX_LINE_BYTES });
  const ended = Promise.withResolvers<void>();
  for (const event of ['end', 'close', 'error'] as const) input.once(event, () => ended.resolve());
  output.once('error', () => ended.resolve());
  const connection = serveStdio(() => agentMcpServer(agent), {
    transport,
    onerror: (error) => agent.onError?.(error),
  });
  // The SDK closes the transport by itself after a message that is too large, and says so here alone.
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    ended.resolve();
  };
  const stop = () => ended.resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  await ended.promise;
  signal.removeEventListener('abort', stop);
  await connection.close();
}
