import type { AgentExecutor, EngineFacts } from '@chorus/protocol';

/** An agent, as its MCP server presents and calls it. */
export interface McpAgent {
  /** Name of the server, as programs know it. */
  name: string;
  /** Name of the agent, to be shown. */
  title: string;
  /** What it does: the model of a client decides by this text whether to call it. */
  description: string;
  version: string;
  /** What its model reads; the input of the tool follows from it. */
  facts: Pick<EngineFacts, 'kind' | 'inputModes' | 'details'>;
  /** Does the work. The server does not close it. */
  executor: AgentExecutor;
  /**
   * Called with each failure that is a fault of the server or of a library: its client is not told what it says.
   */
  onError?: (error: unknown) => void;
}
