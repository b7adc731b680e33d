import {
  type AgentEvent,
  type AgentTool,
  ChorusError,
  type EngineCall,
  hasCode,
  plainLine,
  type ToolAnswer,
  type ToolCall,
  withoutSecrets,
} from '@chorus/protocol';
import { fenced } from './fence.ts';
import { MAX_CALLS, MAX_DETAIL, MAX_TOOL_TEXT } from './limits.ts';
import { unlessAborted } from './stoppable.ts';

/** A call that its owner is asked about. */
export interface Approval {
  tool: string;
  /** What the model wrote, a JSON value. */
  input: unknown;
}

export interface ToolCallOptions {
  tools: readonly AgentTool[];
  /** Asks the owner; null: there is no one to ask. */
  approve: ((call: Approval, signal: AbortSignal) => Promise<boolean>) | null;
  /** The code that marks what tools answer. */
  code: string;
}

/**
 * Makes the calls that a model asked for, one after the other, and reports each. What goes wrong in a tool is its answer:
 * the model may do better.
 * @returns the calls with their answers, for the model
 * @throws ChorusError `E_TOOL_DRIFT`; the signal's reason when aborted
 */
export async function* makeCalls(
  calls: readonly ToolCall[],
  options: ToolCallOptions,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, EngineCall[]> {
  const answered: EngineCall[] = [];
  for (const [index, call] of calls.entries()) {
    const name = plainLine(call.name).slice(0, 64);
    yield { type: 'tool', name, state: 'called', detail: detailOf(call.input) };
    const { text, isError } =
      index < MAX_CALLS
        ? await answerTo(call, options, signal)
        : failed(`this was not called: at most ${MAX_CALLS} calls at a time`);
    const shown = text.length > MAX_TOOL_TEXT ? cut(text) : text;
    yield {
      type: 'tool',
      name,
      state: isError ? 'failed' : 'answered',
      detail: isError
        ? plainLine(text).slice(0, MAX_DETAIL)
        : `${text.length.toLocaleString('en')} characters`,
    };
    const output = `${isError ? 'The tool failed.\n' : ''}${fenced(shown, options.code)}`;
    answered.push({ ...call, name, output });
  }
  return answered;
}

async function answerTo(
  { name, input }: ToolCall,
  { tools, approve }: ToolCallOptions,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const tool = tools.find((each) => each.name === name);
  if (!tool) return failed('there is no such tool');
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return failed('the arguments are not a JSON object');
  }
  if (tool.needsApproval) {
    if (!approve)
      return failed("each call of this tool needs its owner's approval, who cannot be asked here");
    const agreed = await unlessAborted(approve({ tool: name, input }, signal), signal);
    if (!agreed) return failed('the owner did not approve this call');
  }
  try {
    return await unlessAborted(tool.call(input, signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    // The owner accepted another tool: an answer without it would hide that.
    if (hasCode(error, 'E_TOOL_DRIFT')) throw error;
    return failed(error instanceof ChorusError ? withoutSecrets(error.message) : 'the tool failed');
  }
}

const failed = (text: string): ToolAnswer => ({ text, isError: true });

function cut(text: string): string {
  return `${text.slice(0, MAX_TOOL_TEXT)}\n... (cut: ${MAX_TOOL_TEXT} of ${text.length} characters)`;
}

function detailOf(input: unknown): string {
  const text = plainLine(withoutSecrets(JSON.stringify(input) ?? 'arguments that are not JSON'));
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}...` : text;
}
