import { basename, extname, join } from 'node:path';
import type { KnowledgeFiles } from '@chorus/agent';
import type { IndexedDocument, Knowledge, Progress } from '@chorus/knowledge';
import type { AgentResources, AgentTool, Embedder } from '@chorus/protocol';
import type { LoadedAgent } from './load-agent.ts';
import { AcceptedTools } from './tools/accepted-tools.ts';
import { type FoundTool, openTools } from './tools/open-tools.ts';

const DAY_MILLISECONDS = 86_400_000;

export interface ResourceOptions {
  /** The folder of what this agent keeps; made when something is. */
  state: string;
  /** As of `OpenToolsOptions`. */
  accept: 'first' | 'all';
  signal: AbortSignal;
  /** How far the reading of documents is. */
  onProgress?: (progress: Progress) => void;
  /** Called with what goes wrong behind the requests, which are answered without it. */
  onError?: (error: unknown) => void;
}

/** An agent's resources, and what its owner should know of them. */
export interface OpenedResources extends AgentResources {
  /** The tools of its servers, those that it may not call as well. */
  found: readonly FoundTool[];
  /** Its documents, those that cannot be read as well. */
  documents: readonly IndexedDocument[];
  /** Resolves when all passages of documents have vectors, or that has failed. */
  embedded: Promise<void>;
}

/** The folder of what an agent keeps that runs without a node: next to its file. */
export function stateFolder({ path, folder }: Pick<LoadedAgent, 'path' | 'folder'>): string {
  return join(folder, '.chorus', basename(path, extname(path)));
}

/**
 * Opens what an agent has besides its model. What it does not have is not loaded.
 * @throws ChorusError `E_TOOL_...`, `E_DOCUMENT_...`, `E_MEMORY_STORE`
 */
export async function openResources(loaded: LoadedAgent, options: ResourceOptions): Promise<OpenedResources> {
  const { definition, folder } = loaded;
  const { accept, signal, state } = options;
  // Documents first: a program of a tool is not started for an agent that cannot be opened.
  const knowledge = await openDocuments(loaded, options);
  let memory: Awaited<ReturnType<typeof openMemory>> = null;
  try {
    memory = await openMemory(loaded, state);
    const accepted = new AcceptedTools(state);
    const reserved = memory?.names ?? [];
    const servers = await openTools(definition.tools, { folder, accepted, reserved, accept, signal });
    return {
      found: servers.found,
      documents: knowledge?.documents() ?? [],
      embedded: knowledge?.embedded ?? Promise.resolve(),
      toolsFor: (caller) => [...servers.tools, ...(memory?.toolsFor(caller) ?? [])],
      knowledge,
      close: async () => {
        await Promise.all([servers.close(), knowledge?.close()]);
        memory?.close();
      },
    };
  } catch (error) {
    await knowledge?.close();
    memory?.close();
    throw error;
  }
}

/**
 * Opens the documents of an agent; null if it has none.
 * @throws ChorusError `E_DOCUMENT_...`
 */
export async function openDocuments(
  { definition, folder }: LoadedAgent,
  { state, signal, onProgress, onError }: Omit<ResourceOptions, 'accept'>,
): Promise<Knowledge | null> {
  const { knowledge, model } = definition;
  if (!knowledge) return null;
  const { openKnowledge } = await import('@chorus/knowledge');
  return openKnowledge({
    files: knowledge.files,
    folder,
    state,
    embedder: await embedderOf(knowledge, model, folder, signal),
    signal,
    ...(onProgress ? { onProgress } : {}),
    ...(onError ? { onError } : {}),
  });
}

/** What the agent notes of its callers, as tools; null if it keeps nothing. */
async function openMemory({ definition: { memory } }: LoadedAgent, state: string) {
  if (!memory) return null;
  const { NOTE_TOOLS, NoteStore, noteTools } = await import('@chorus/knowledge');
  const store = new NoteStore({ state, keepMilliseconds: memory.keepDays * DAY_MILLISECONDS });
  return {
    names: NOTE_TOOLS,
    toolsFor: (caller: string): AgentTool[] => {
      const notes = store.of(caller);
      return notes ? noteTools(notes) : [];
    },
    close: () => store.close(),
  };
}

async function embedderOf(
  { embed }: KnowledgeFiles,
  model: LoadedAgent['definition']['model'],
  folder: string,
  signal: AbortSignal,
): Promise<Embedder | null> {
  if (embed && 'file' in embed) {
    const { localEmbedder } = await import('./local-embedder.ts');
    return localEmbedder(embed, folder, signal);
  }
  if (!embed || model.kind !== 'openai') return null;
  const { createEmbedder } = await import('@chorus/inference/embed');
  return createEmbedder({ url: model.url, key: model.key, model: embed.model });
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
  const opened = await openTools(definition.tools, {
    folder,
    accepted,
    reserved: [],
    accept: 'none',
    signal,
  });
  await opened.close();
  return opened.found;
}
