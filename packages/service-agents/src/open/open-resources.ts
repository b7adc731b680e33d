import { basename, extname, join } from 'node:path';
import type { AgentResources } from '@chorus/protocol';
import type { LoadedAgent } from './load-agent.ts';
import { AcceptedTools } from './tools/accepted-tools.ts';
import { type FoundTool, type OpenedTools, openTools } from './tools/open-tools.ts';

export interface ResourceOptions {
  /** The folder of what this agent keeps; made when something is. */
  state: string;
  /** As of `OpenToolsOptions`. */
  accept: 'first' | 'all';
  signal: AbortSignal;
}

/** An agent's resources, and what its owner should know of them. */
export interface OpenedResources extends AgentResources {
  /** The tools of its servers, those that it may not call as well. */
  found: readonly FoundTool[];
}

/**
 * The folder of what an agent keeps that runs without a node: next to its file.
 */
export function stateFolder({ path, folder }: Pick<LoadedAgent, 'path' | 'folder'>): string {
  return join(folder, '.chorus', basename(path, extname(path)));
}

/**
 * Opens what an agent has besides its model. What it does not have is not loaded.
 * @throws ChorusError `E_TOOL_...`
 */
export async function openResources(
  { definition, folder }: LoadedAgent,
  { state, accept, signal }: ResourceOptions,
): Promise<OpenedResources> {
  const accepted = new AcceptedTools(state);
  const servers: OpenedTools =
    definition.tools.length > 0
      ? await openTools(definition.tools, { folder, accepted, accept, signal })
      : { found: [], tools: [], close: async () => {} };
  return {
    found: servers.found,
    toolsFor: () => servers.tools,
    knowledge: null,
    close: () => servers.close(),
  };
}

/**
 * The tools of an agent's servers as they are now, next to what was accepted; records nothing.
 * @throws ChorusError `E_TOOL_UNAVAILABLE`, `E_TOOL_TIME`, `E_TOOL_RESPONSE`
 */
export async function inspectTools(
  { definition, folder }: LoadedAgent,
  state: string,
  signal: AbortSignal,
): Promise<readonly FoundTool[]> {
  const accepted = new AcceptedTools(state);
  const opened = await openTools(definition.tools, { folder, accepted, accept: 'none', signal });
  await opened.close();
  return opened.found;
}
