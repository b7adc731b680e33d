import { createExecutor, type ExecutorOptions } from '@chorus/agent';
import type { AgentExecutor, EngineFacts } from '@chorus/protocol';
import {
  type LoadedAgent,
  type ModelSource,
  type OpenedResources,
  openEngine,
  openResources,
  stateFolder,
} from '@chorus/service-agents/open';
import colors from 'yoctocolors';
import { errorText } from '../environment/exit.ts';
import { write } from '../output/terminal.ts';
import { indexProgress } from './document-view.ts';

export interface OpenAgentOptions {
  /** The owner accepts what the tools say of themselves now. */
  acceptTools?: boolean;
  approve?: ExecutorOptions['approve'];
}

export interface OpenedAgent {
  /** Closing it closes the rest. */
  executor: AgentExecutor;
  facts: EngineFacts;
  resources: OpenedResources;
}

/**
 * Opens an agent to be used in this process: its model, its documents and its tools. What it keeps is next to its file.
 * @throws ChorusError of the model, the documents, the tools
 */
export async function openAgent(
  agent: LoadedAgent,
  source: ModelSource,
  { acceptTools = false, approve }: OpenAgentOptions = {},
): Promise<OpenedAgent> {
  const engine = await openEngine(agent, source);
  try {
    const progress = indexProgress();
    const resources = await openResources(agent, {
      state: stateFolder(agent),
      accept: acceptTools ? 'all' : 'first',
      signal: source.signal,
      onProgress: progress.show,
      onError: (error) => write(process.stderr, `${colors.yellow('warning')} ${errorText(error)}\n`),
    }).finally(progress.stop);
    // A short run would end before them, again and again.
    await resources.embedded.finally(progress.stop);
    const executor = createExecutor({
      definition: agent.definition,
      engine,
      resources,
      ...(approve ? { approve } : {}),
    });
    return { executor, facts: engine.facts, resources };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
