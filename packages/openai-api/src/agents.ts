import type { AgentExecutor } from '@chorus/protocol';

/** An agent that clients can call. */
export interface OpenAiAgent {
  /** The `model` of a request. */
  name: string;
  /** When it was opened, ms since 1970. */
  since: number;
  /** Its owner closes it. */
  executor: AgentExecutor;
}

/** Where the agents are from. */
export interface OpenAiSource {
  /** Those that can be called now. */
  agents(): readonly OpenAiAgent[];
}

/** An agent as a model of the API. */
export function toModel({ name, since }: OpenAiAgent): object {
  return { id: name, object: 'model', created: Math.floor(since / 1000), owned_by: 'chorus' };
}
