import {
  type AgentRequest,
  type AgentTool,
  ChorusError,
  type EngineRequest,
  type ToolCall,
  type ToolDescription,
} from '@chorus/protocol';

/** The tools of one request: the agent's own, and those of its caller. */
export class RequestTools {
  /** Those that the agent calls itself. */
  readonly own: readonly AgentTool[];
  /** All that the model is shown. */
  readonly all: readonly ToolDescription[];
  readonly #offered: ReadonlySet<string>;
  readonly #request: Pick<EngineRequest, 'toolChoice' | 'parallelCalls'>;

  /**
   * @param own those of the agent; not called if the caller says what is to be called
   * @param canCall whether the model can ask for calls
   * @throws ChorusError `E_AGENT_INPUT` if the model cannot, or a tool of the caller has the name of another one
   */
  constructor({ offered }: AgentRequest, own: readonly AgentTool[], canCall: boolean) {
    const tools = offered?.tools ?? [];
    if (tools.length > 0 && !canCall) {
      throw new ChorusError('E_AGENT_INPUT', 'this agent calls no tools of a caller', {
        hint: 'ask without tools',
      });
    }
    this.own = offered && offered.choice !== 'auto' ? [] : own;
    this.all = [...this.own, ...tools];
    this.#offered = new Set(tools.map(({ name }) => name));
    const names = this.all.map(({ name }) => name);
    const twin = names.find((name, i) => names.indexOf(name) !== i);
    if (twin !== undefined) {
      throw new ChorusError('E_AGENT_INPUT', `there are two tools of the name "${twin.slice(0, 64)}"`, {
        hint: 'give yours another name',
      });
    }
    this.#request = offered ? { toolChoice: offered.choice, parallelCalls: offered.parallel } : {};
  }

  /** What a request of the model says of them. */
  get asked(): Pick<EngineRequest, 'tools' | 'toolChoice' | 'parallelCalls'> {
    return { tools: this.all, ...this.#request };
  }

  /** Whether the caller is to call this one. */
  isOffered({ name }: Pick<ToolCall, 'name'>): boolean {
    return this.#offered.has(name);
  }

  /** Those calls of a step that the caller is to make. */
  offeredOf(calls: readonly ToolCall[]): readonly ToolCall[] {
    const own = calls.filter((call) => this.isOffered(call));
    return this.#request.parallelCalls === false ? own.slice(0, 1) : own;
  }
}
