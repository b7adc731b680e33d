import { type CallerTools, type EngineCall, jsonOf } from '@chorus/protocol';
import { z } from 'zod';
import { isShallow } from './json.ts';
import { MAX_TOOL_TEXT, MAX_TOOLS } from './limits.ts';

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, _ and -, at most 64');

const toolSchema = z.object({
  type: z.literal('function', 'must be "function": what else an agent can do is up to its owner'),
  function: z.object({
    name,
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});

type Tool = z.infer<typeof toolSchema>;

/** Tools of the caller, and how they are to be called. */
export const toolParameters = {
  tools: z
    .array(z.unknown(), 'must be an array of tools')
    .max(MAX_TOOLS, `a request may have ${MAX_TOOLS} tools`)
    .refine((tools) => isShallow(tools), { error: 'are nested too deeply', abort: true })
    .refine((tools) => JSON.stringify(tools).length <= MAX_TOOL_TEXT, {
      error: `all tools together may have ${MAX_TOOL_TEXT} characters`,
    })
    .pipe(
      z.array(toolSchema).refine((tools) => new Set(tools.map(nameOf)).size === tools.length, {
        error: 'two tools have one name',
      }),
    )
    .nullish(),
  tool_choice: z
    .union(
      [
        z.enum(['none', 'auto', 'required']),
        z.object({ type: z.literal('function'), function: z.object({ name }) }),
      ],
      'must be "none", "auto", "required", or a function by its name',
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

type Given = { [K in keyof typeof toolParameters]?: z.infer<(typeof toolParameters)[K]> };

function nameOf({ function: { name } }: Tool): string {
  return name;
}

/** Whether the choice can be made with these tools. */
export function isPossible({ tools, tool_choice: choice }: Given): boolean {
  if (typeof choice === 'object' && choice)
    return tools?.some((each) => nameOf(each) === choice.function.name) ?? false;
  return choice !== 'required' || (tools ?? []).length > 0;
}

/** The tools of a request as an agent is given them; null: none may be called. */
export function offeredTools({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: Given): CallerTools | null {
  if (!tools || tools.length === 0 || choice === 'none') return null;
  return {
    tools: tools.map(({ function: { name, description, parameters, strict } }) => ({
      name,
      description: description ?? '',
      inputSchema: parameters ?? { type: 'object', properties: {} },
      strict: strict ?? false,
    })),
    choice: typeof choice === 'object' && choice ? { name: choice.function.name } : (choice ?? 'auto'),
    parallel: parallel ?? true,
  };
}

/** A call that an assistant asked for, in the messages of a request. */
export const callSchema = z.object({
  id: z.string().min(1).max(200),
  type: z.literal('function').optional(),
  function: z.object({ name, arguments: z.string() }),
});

/** A call with what it answered. */
export function answeredCall(
  { id, function: { name, arguments: text } }: z.infer<typeof callSchema>,
  output: string,
): EngineCall {
  const input = jsonOf(text);
  // What is not JSON stays the text that it is.
  return { id, name, input: input === undefined ? text : input, output };
}
