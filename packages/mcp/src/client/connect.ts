import { ChorusError } from '@chorus/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { boundedFetch } from './bounded-fetch.ts';
import { serverFault } from './faults.ts';
import { CONNECT_SECONDS, MAX_LIST_PAGES, PROBE_SECONDS } from './limits.ts';
import { ProgramTransport } from './program-transport.ts';
import { labelOf, type McpServerAddress } from './server.ts';

export interface Connection {
  client: Client;
  /** Whether requests can still be made. */
  isOpen(): boolean;
  /** Why the program ended; null while it runs, and for servers over HTTP. */
  fault(): ChorusError | null;
  /** Ends a program, and all that it has started. */
  close(): Promise<void>;
}

/** What a server says of its results is not compiled and run here; results are text for a model. */
const noValidation = {
  getValidator: () => (input: unknown) => ({
    valid: true as const,
    data: input as never,
    errorMessage: undefined,
  }),
};

/**
 * Connects to a server of tools, of the revisions since 2025 and of 2026-07-28. The server can ask nothing of the client:
 * no sampling, no questions, no files.
 * @throws ChorusError `E_TOOL_UNAVAILABLE`, `E_TOOL_TIME`, `E_TOOL_RESPONSE`; the signal's reason when aborted
 */
export async function connect(server: McpServerAddress, signal: AbortSignal): Promise<Connection> {
  if (server.kind === 'http') return open(server, signal, 'auto');
  try {
    return await open(server, signal, 'auto');
  } catch (error) {
    signal.throwIfAborted();
    // Old servers on standard input may end when they are asked for their revision.
    if (!(error instanceof ChorusError) || typeof error.facts.code !== 'number') throw error;
    return open(server, signal, 'legacy');
  }
}

async function open(
  server: McpServerAddress,
  signal: AbortSignal,
  mode: 'auto' | 'legacy',
): Promise<Connection> {
  const client = new Client(
    { name: 'chorus', version: '1' },
    {
      capabilities: {},
      jsonSchemaValidator: noValidation,
      versionNegotiation: {
        mode,
        ...(server.kind === 'command' ? { probe: { timeoutMs: 1000 * PROBE_SECONDS } } : {}),
      },
      inputRequired: { autoFulfill: false },
      listMaxPages: MAX_LIST_PAGES,
    },
  );
  const transport =
    server.kind === 'http'
      ? new StreamableHTTPClientTransport(new URL(server.url), {
          fetch: boundedFetch,
          requestInit: server.key === null ? {} : { headers: { authorization: `Bearer ${server.key}` } },
          reconnectionOptions: {
            maxRetries: 0,
            initialReconnectionDelay: 1_000,
            maxReconnectionDelay: 1_000,
            reconnectionDelayGrowFactor: 1,
          },
        })
      : new ProgramTransport(server);
  let isOpen = true;
  client.onclose = () => {
    isOpen = false;
  };
  const close = async () => {
    await client.close().catch(() => {});
    await transport.close();
  };
  try {
    await client.connect(transport, { signal, timeout: 1000 * CONNECT_SECONDS });
  } catch (error) {
    await close();
    signal.throwIfAborted();
    const ended = transport instanceof ProgramTransport ? transport.fault : null;
    throw serverFault(ended ?? error, labelOf(server));
  }
  const fault = () => (transport instanceof ProgramTransport ? transport.fault : null);
  return { client, isOpen: () => isOpen, fault, close };
}
