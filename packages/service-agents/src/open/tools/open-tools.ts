import { createHash } from 'node:crypto';
import type { ToolServer as ToolServerSettings } from '@chorus/agent';
import type { ListedTool, McpServerAddress, ToolServer } from '@chorus/mcp/client';
import { type AgentTool, ChorusError } from '@chorus/protocol';
import type { AcceptedTools } from './accepted-tools.ts';
import { compareTools, type ToolState } from './compare-tools.ts';

/** A tool of an agent's server, and whether the owner has accepted what it says of itself. */
export interface FoundTool {
  /** For messages: host or command. */
  server: string;
  name: string;
  description: string;
  state: ToolState;
  needsApproval: boolean;
  /** Null if it is gone. */
  fingerprint: string | null;
}

/** The servers of an agent's tools, connected. */
export interface OpenedTools {
  found: readonly FoundTool[];
  /** Those that were accepted and are unchanged. */
  tools: readonly AgentTool[];
  close(): Promise<void>;
}

export interface OpenToolsOptions {
  /** The folder of the agent file, in which programs are started. */
  folder: string;
  accepted: AcceptedTools;
  /** Names of tools that the agent has without a server. */
  reserved: readonly string[];
  /**
   * `first`: tools of a server that was never accepted are, others have to be as they were. `all`: the owner accepts every
   * change. `none`: nothing is recorded and nothing refused, to look at them.
   */
  accept: 'first' | 'all' | 'none';
  signal: AbortSignal;
}

/** What chat endpoints take as the name of a function. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Connects to the servers of an agent's tools, and compares what they say with what the owner accepted.
 * @throws ChorusError `E_TOOL_DRIFT` with the names of tools that are not what was accepted; `E_TOOL_NAME` if the agent
 * has two tools of one name, or a model cannot call it; `E_TOOL_UNAVAILABLE`, `E_TOOL_TIME`, `E_TOOL_RESPONSE`
 */
export async function openTools(
  servers: readonly ToolServerSettings[],
  options: OpenToolsOptions,
): Promise<OpenedTools> {
  if (servers.length === 0) return { found: [], tools: [], close: async () => {} };
  // Loaded with the first agent that has tools.
  const { toolServer } = await import('@chorus/mcp/client');
  const opened: ToolServer[] = [];
  const close = async () => {
    await Promise.all(opened.map((server) => server.close()));
  };
  try {
    const found: FoundTool[] = [];
    const tools: AgentTool[] = [];
    for (const settings of servers) {
      const address = addressOf(settings, options.folder);
      const server = toolServer(address);
      opened.push(server);
      const listed = await server.list(options.signal);
      const states = await judge(settings, identityOf(address), server.label, listed, options);
      for (const { name, state } of states) {
        const tool = listed.find((each) => each.name === name);
        const { needsApproval } = settings;
        const { description = '', fingerprint = null } = tool ?? {};
        found.push({ server: server.label, name, description, state, needsApproval, fingerprint });
        if (tool && state === 'accepted') tools.push(agentTool(server, tool, needsApproval));
      }
    }
    if (options.accept !== 'none') refuseNames(tools, options.reserved);
    return { found, tools, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function judge(
  { allow }: ToolServerSettings,
  id: string,
  label: string,
  listed: readonly ListedTool[],
  { accepted, accept }: OpenToolsOptions,
): Promise<{ name: string; state: ToolState }[]> {
  const before = await accepted.of(id);
  const states = compareTools(before, listed, allow);
  if (accept === 'none') return states;
  const missing = (allow ?? []).filter((name) => !listed.some((tool) => tool.name === name));
  const isTaken = before === null || accept === 'all';
  const wrong = states.filter(({ name, state }) =>
    isTaken ? missing.includes(name) : state === 'changed' || state === 'gone',
  );
  if (wrong.length > 0) throw refusal(label, wrong);
  if (!isTaken) return states;
  await accepted.accept(id, Object.fromEntries(listed.map(({ name, fingerprint }) => [name, fingerprint])));
  return states
    .filter(({ state }) => state !== 'gone')
    .map(({ name }) => ({ name, state: 'accepted' as const }));
}

function refusal(server: string, wrong: readonly { name: string; state: ToolState }[]): ChorusError {
  const named = wrong.map(({ name, state }) => `${JSON.stringify(name)} (${state})`).join(', ');
  return new ChorusError('E_TOOL_DRIFT', `tools of ${server} are not those that were accepted: ${named}`, {
    facts: { server, tools: wrong.length },
    hint: 'read what they say now with `chorus agent check`, then accept that with --accept-tools',
  });
}

function agentTool(server: ToolServer, tool: ListedTool, needsApproval: boolean): AgentTool {
  const { name, description, inputSchema } = tool;
  return {
    name,
    description,
    inputSchema,
    needsApproval,
    call: (input, signal) => server.call(tool, input, signal),
  };
}

/** @throws ChorusError `E_TOOL_NAME` */
function refuseNames(tools: readonly AgentTool[], reserved: readonly string[]): void {
  const seen = new Set(reserved);
  for (const { name } of tools) {
    if (!NAME.test(name)) {
      throw new ChorusError('E_TOOL_NAME', 'a model cannot call a tool of this name', {
        facts: { name: name.slice(0, 100) },
        hint: 'leave it out: name the other tools in allow',
      });
    }
    if (seen.has(name)) {
      throw new ChorusError('E_TOOL_NAME', 'the agent has two tools of this name', {
        facts: { name },
        hint: 'leave one of them out: name the tools that are wanted in allow',
      });
    }
    seen.add(name);
  }
}

function addressOf(settings: ToolServerSettings, folder: string): McpServerAddress {
  if (settings.kind === 'http') return { kind: 'http', url: settings.url, key: settings.key };
  const { command, args, env } = settings;
  return { kind: 'command', command, args, env, folder };
}

/** One server of an agent in the record, without what may be secret in its address; another address is another server. */
function identityOf(address: McpServerAddress): string {
  const parts = address.kind === 'http' ? [address.url] : [address.command, ...address.args];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
