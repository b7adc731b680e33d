import type { AgentTool, ToolAnswer } from '@chorus/protocol';
import { z } from 'zod';
import { MAX_NOTE } from '../limits.ts';
import type { CallerNotes, Note } from './caller-notes.ts';

/** Notes that one call shows. */
const MOST = 10;

/** Names that no other tool of an agent with memory may have. */
export const NOTE_TOOLS: readonly string[] = ['remember', 'recall', 'forget'];

const remember = z.object({ note: z.string().max(MAX_NOTE).describe('One fact, in a sentence') });
const recall = z.object({
  about: z.string().max(1_000).default('').describe('Words to look for; without them, the latest notes'),
});
const forget = z.object({ id: z.string().max(40).describe('Id of the note, as recall shows it') });

/** The notes of one caller as tools for a model; they hold nothing with which to reach those of another. */
export function noteTools(notes: CallerNotes): AgentTool[] {
  return [
    tool(
      'remember',
      'Keep a note about the user you talk to, for later conversations. Only what they told you and would want kept.',
      remember,
      ({ note }) => `kept as note ${notes.remember(note).id}`,
    ),
    tool(
      'recall',
      'Find notes that you kept about the user you talk to, in earlier conversations.',
      recall,
      ({ about }) => notes.recall(about, MOST).map(line).join('\n') || 'there is no such note',
    ),
    tool('forget', 'Delete a note about the user you talk to.', forget, ({ id }) =>
      notes.forget(id) ? 'it is deleted' : 'there is no such note',
    ),
  ];
}

function tool<T>(
  name: string,
  description: string,
  schema: z.ZodType<T>,
  work: (input: T) => string,
): AgentTool {
  return {
    name,
    description,
    inputSchema: z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>,
    needsApproval: false,
    call: async (input): Promise<ToolAnswer> => {
      const parsed = schema.safeParse(input);
      if (!parsed.success) return { text: z.prettifyError(parsed.error), isError: true };
      return { text: work(parsed.data), isError: false };
    },
  };
}

function line({ id, text, written }: Note): string {
  return `${id} (${new Date(written).toISOString().slice(0, 10)}): ${text}`;
}
