import type { ToolDescription } from '@chorus/protocol';
import type { CallFormat } from './call-format.ts';
import type { ChatMessage } from './tokenizer.ts';

/** A message as chat templates take it. */
export interface TemplateMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: unknown } }[];
  tool_call_id?: string;
  name?: string;
}

/** A tool as chat templates take it. */
interface TemplateTool {
  type: 'function';
  function: { name: string; description: string; parameters: unknown };
}

/**
 * A conversation with calls of tools as a model's template takes it: with the tools, if it knows tools; otherwise in words.
 */
export function templateConversation(
  { family, hasSystem }: CallFormat,
  messages: readonly ChatMessage[],
  tools: readonly ToolDescription[],
): { messages: TemplateMessage[]; tools: TemplateTool[] | null } {
  const described = tools.map(toTemplate);
  if (family !== 'text') {
    // Templates that know tools test whether there are any; an id has nine letters or digits for some of them.
    let calls = 0;
    const id = (): string => String(calls++).padStart(9, '0');
    const expanded = messages.flatMap((message) => withCalls(message, family === 'llama', id));
    return { messages: expanded, tools: described.length > 0 ? described : null };
  }
  const told =
    described.length === 0 ? messages : withInstructions(messages, instructionsFor(described), hasSystem);
  // What the last message's calls answered comes after it.
  const all = told.at(-1)?.calls?.length ? [...told, { role: 'user' as const, content: '' }] : told;
  return { messages: all.flatMap((message, i) => inWords(message, all[i - 1])), tools: null };
}

const toTemplate = ({ name, description, inputSchema }: ToolDescription): TemplateTool => ({
  type: 'function',
  function: { name, description, parameters: inputSchema },
});

/** @param isSingle the template takes one call of a message */
function withCalls(
  { role, content, calls = [] }: ChatMessage,
  isSingle: boolean,
  id: () => string,
): TemplateMessage[] {
  if (calls.length === 0) return [{ role, content }];
  const groups = isSingle ? calls.map((call) => [call]) : [calls];
  return groups.flatMap((group, i) => {
    const named = group.map((call) => ({ ...call, id: id() }));
    return [
      {
        role,
        content: i === 0 ? content : '',
        tool_calls: named.map(({ id, name, input }) => ({
          id,
          type: 'function' as const,
          function: { name, arguments: input ?? {} },
        })),
      },
      ...named.map(({ id, name, output }) => ({
        role: 'tool' as const,
        content: output,
        tool_call_id: id,
        name,
      })),
    ];
  });
}

/** The words that Hermes models were trained with (NousResearch, Hermes-Function-Calling). */
const instructionsFor = (tools: readonly TemplateTool[]): string =>
  `You may call functions. Their signatures are within <tools></tools>:
<tools>
${tools.map((tool) => JSON.stringify(tool)).join('\n')}
</tools>
For each call, write a JSON object with its name and arguments within <tool_call></tool_call>, and nothing after it:
<tool_call>
{"name": <function name>, "arguments": <arguments as a JSON object>}
</tool_call>`;

function withInstructions(
  messages: readonly ChatMessage[],
  words: string,
  hasSystem: boolean,
): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (!hasSystem && first?.role === 'user')
    return [{ ...first, content: `${words}\n\n${first.content}` }, ...rest];
  return first?.role === 'system'
    ? [{ ...first, content: `${first.content}\n\n${words}` }, ...rest]
    : [{ role: 'system', content: words }, ...messages];
}

/** @param before the message before it: what a tool answered is of the user, and many templates refuse two of these */
function inWords(
  { role, content, calls = [] }: ChatMessage,
  before: ChatMessage | undefined,
): TemplateMessage[] {
  const answers = (before?.calls ?? []).map(({ output }) => `<tool_response>\n${output}\n</tool_response>`);
  if (answers.length > 0) {
    const answered = answers.join('\n');
    if (role === 'user')
      return [{ role, content: [answered, content].filter((each) => each !== '').join('\n\n') }];
    return [{ role: 'user', content: answered }, ...inWords({ role, content, calls }, undefined)];
  }
  const asked = calls.map(
    ({ name, input }) =>
      `<tool_call>\n{"name": "${name}", "arguments": ${JSON.stringify(input ?? {})}}\n</tool_call>`,
  );
  const lines = asked.length > 0 && content === '' ? asked : [content, ...asked];
  return [{ role, content: lines.join('\n') }];
}
