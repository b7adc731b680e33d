import { ChorusError, type ToolAnswer, type ToolDescription } from '@chorus/protocol';
import type { Tool } from '@modelcontextprotocol/client';
import { type Connection, connect } from './connect.ts';
import { serverFault } from './faults.ts';
import { fingerprint } from './fingerprint.ts';
import { CALL_SECONDS, CONNECT_SECONDS, MAX_TOOL_BYTES, MAX_TOOLS } from './limits.ts';
import { labelOf, type McpServerAddress } from './server.ts';
import { toolText } from './tool-text.ts';

/** A tool of a server, under the server's own name for it. */
export interface ListedTool extends ToolDescription {
  /** Of name, description and schema. */
  fingerprint: string;
}

export interface ToolServer {
  /** For messages. */
  label: string;
  /**
   * The tools as they are now.
   * @throws ChorusError `E_TOOL_UNAVAILABLE`, `E_TOOL_TIME`, `E_TOOL_RESPONSE`; the signal's reason when aborted
   */
  list(signal: AbortSignal): Promise<ListedTool[]>;
  /**
   * Calls a tool, if it is still what it was.
   * @param tool as it was listed when the owner accepted it
   * @throws ChorusError `E_TOOL_DRIFT` if the server now describes it otherwise, and as `list`
   */
  call(tool: ListedTool, input: unknown, signal: AbortSignal): Promise<ToolAnswer>;
  /** Ends a program. Safe to call again. */
  close(): Promise<void>;
}

/**
 * A server of tools. Over HTTP each use is a connection of its own; a program is started with the first use, and again if it
 * has ended.
 */
export function toolServer(server: McpServerAddress): ToolServer {
  return new McpToolServer(server);
}

class McpToolServer implements ToolServer {
  readonly label: string;
  readonly #server: McpServerAddress;
  readonly #closing = new AbortController();
  #program: Promise<Connection> | null = null;

  constructor(server: McpServerAddress) {
    this.#server = server;
    this.label = labelOf(server);
  }

  list(signal: AbortSignal): Promise<ListedTool[]> {
    return this.#use(signal, (connection, ended) => listed(connection, ended));
  }

  call(tool: ListedTool, input: unknown, signal: AbortSignal): Promise<ToolAnswer> {
    return this.#use(signal, async (connection, ended) => {
      const now = (await listed(connection, ended)).find(({ name }) => name === tool.name);
      if (now?.fingerprint !== tool.fingerprint) throw drifted(this.label, tool.name, now !== undefined);
      const result = await connection.client.callTool(
        { name: tool.name, arguments: input as Record<string, unknown> },
        { signal: ended, timeout: 1000 * CALL_SECONDS, maxTotalTimeout: 1000 * CALL_SECONDS },
      );
      return { text: toolText(result), isError: result.isError === true };
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_AGENT_CLOSED', 'the agent has ended'));
    await (await this.#program?.catch(() => null))?.close();
  }

  async #use<T>(
    given: AbortSignal,
    work: (connection: Connection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = AbortSignal.any([given, this.#closing.signal]);
    signal.throwIfAborted();
    const connection = await this.#connection(signal);
    try {
      return await work(connection, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw serverFault(connection.fault() ?? error, this.label);
    } finally {
      if (this.#server.kind === 'http') await connection.close();
    }
  }

  async #connection(signal: AbortSignal): Promise<Connection> {
    if (this.#server.kind === 'http') return connect(this.#server, signal);
    const current = this.#program;
    const present = await current?.catch(() => null);
    if (present?.isOpen()) return present;
    // Another request may have started it again meanwhile. Not the signal of one request: others wait for the same program.
    if (this.#program === current) this.#program = connect(this.#server, this.#closing.signal);
    return this.#program!;
  }
}

/** @throws ChorusError `E_TOOL_RESPONSE` if there are more, or larger ones, than a prompt can hold */
async function listed({ client }: Connection, signal: AbortSignal): Promise<ListedTool[]> {
  // Without this, the SDK writes to the console.
  if (!client.getServerCapabilities()?.tools) return [];
  const { tools } = await client.listTools(undefined, {
    signal,
    timeout: 1000 * CONNECT_SECONDS,
    cacheMode: 'refresh',
  });
  if (tools.length > MAX_TOOLS) throw tooMuch('lists more tools than an agent can have', MAX_TOOLS);
  return tools.map(read);
}

function read({ name, description = '', inputSchema }: Tool): ListedTool {
  if (Buffer.byteLength(name + description + JSON.stringify(inputSchema)) > MAX_TOOL_BYTES) {
    throw tooMuch('describes a tool at greater length than a model can read', MAX_TOOL_BYTES);
  }
  const tool = { name, description, inputSchema };
  return { ...tool, fingerprint: fingerprint(tool) };
}

function tooMuch(what: string, limit: number): ChorusError {
  return new ChorusError('E_TOOL_RESPONSE', `the tool server ${what}`, { facts: { limit } });
}

/** A tool that is not what the owner accepted. */
export function drifted(server: string, tool: string, isChanged: boolean): ChorusError {
  const what = isChanged ? 'describes itself otherwise than when it was accepted' : 'is no longer there';
  return new ChorusError('E_TOOL_DRIFT', `the tool ${JSON.stringify(tool)} of ${server} ${what}`, {
    facts: { tool, server },
    hint: 'read what it says now with `chorus agent check`, then accept it with --accept-tools',
  });
}
