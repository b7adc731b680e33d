/** A tool as a model is shown it. */
export interface ToolDescription {
  /** Letters, digits, `_` and `-`, at most 64: what chat endpoints accept. */
  name: string;
  description: string;
  /** JSON Schema of the input; its type is `object`. */
  inputSchema: Readonly<Record<string, unknown>>;
  /** Every keyword of the schema is kept, or the request refused; by default what can be kept is. */
  strict?: boolean;
}

/** Which tools a model is to call: those that it sees fit, one at least, or this one. */
export type ToolChoice = 'auto' | 'required' | { readonly name: string };

/** What a tool answered, as text for the model. */
export interface ToolAnswer {
  text: string;
  /** The tool says that it failed; the model may try again. */
  isError: boolean;
}

/** A tool that an agent may call during one request. */
export interface AgentTool extends ToolDescription {
  /** The owner has to agree to each call. */
  needsApproval: boolean;
  /**
   * @param input what the model wrote, not checked against the schema
   * @throws ChorusError `E_TOOL_DRIFT` if it is no longer the tool that the owner accepted, which ends the request; other
   * errors, which the model is shown; the signal's reason when aborted
   */
  call(input: unknown, signal: AbortSignal): Promise<ToolAnswer>;
}
