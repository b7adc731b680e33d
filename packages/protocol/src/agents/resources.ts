import type { KnowledgePort } from './knowledge.ts';
import type { AgentTool } from './tools.ts';

/** What an agent has besides its model. */
export interface AgentResources {
  /**
   * The tools for one request. Those that keep something keep it for this caller alone, and cannot name another.
   * @param caller as in `AgentRequest`
   */
  toolsFor(caller: string): readonly AgentTool[];
  /** Null: it has no documents. */
  knowledge: KnowledgePort | null;
  /** Safe to call again. */
  close(): Promise<void>;
}
