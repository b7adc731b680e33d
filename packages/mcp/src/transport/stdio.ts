import { type Readable, Transform, type Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { MAX_LINE_BYTES } from '../limits.ts';
import type { McpAgent } from '../server/agent.ts';
import { agentMcpServer } from '../server/agent-server.ts';
import { OpenRequests } from './open-requests.ts';

export interface StdioOptions {
  input: Readable;
  /** Gets messages of MCP, one a line, and nothing else. */
  output: Writable;
  /** Ends the connection; calls at work are aborted. */
  signal: AbortSignal;
}

/**
 * Serves an agent over two streams, to the one client at their other end. Resolves when that client has ended its input and
 * every call is answered; and at once, aborting the calls at work, when it reads no more, sends a message that is too
 * large, or the signal is aborted.
 */
export async function serveMcpStreams(
  agent: McpAgent,
  { input, output, signal }: StdioOptions,
): Promise<void> {
  const requests = new OpenRequests();
  const held = heldOpen(input, requests);
  const transport = new StdioServerTransport(held, output, { maxBufferSize: MAX_LINE_BYTES });
  const ended = Promise.withResolvers<void>();
  const stop = () => ended.resolve();
  input.once('error', stop);
  input.once('close', () => {
    if (!input.readableEnded) stop();
  });
  output.once('error', stop);
  const connection = serveStdio(() => agentMcpServer(agent), {
    transport,
    onerror: (error) => agent.onError?.(error),
  });
  // The SDK closes the transport by itself after a message that is too large, and at the end of its input.
  const { onclose, onmessage } = transport;
  transport.onclose = () => {
    onclose?.();
    stop();
  };
  transport.onmessage = (message) => {
    requests.received(message);
    onmessage?.(message);
  };
  const send = transport.send.bind(transport);
  transport.send = async (message) => {
    await send(message);
    requests.sent(message);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  await ended.promise;
  signal.removeEventListener('abort', stop);
  input.unpipe(held);
  await connection.close();
}

/** The SDK drops calls at work when its input ends: this one ends when they are answered. */
function heldOpen(input: Readable, requests: OpenRequests): Transform {
  const held: Transform = new Transform({
    transform: (chunk, _, done) => done(null, chunk),
    flush: (done) => {
      const answered = async () => {
        // What was written last may not have been read yet.
        while (held.readableLength > 0) await turn();
        await requests.answered();
      };
      answered().then(() => done(), done);
    },
  });
  return input.pipe(held);
}
