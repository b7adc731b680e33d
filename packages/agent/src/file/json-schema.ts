import { z } from 'zod';
import { agentFileSchema } from './schema.ts';

/**
 * The agent file as JSON Schema (draft 2020-12), for editors. The rules that it cannot express are checked by
 * `readAgentFile` only.
 */
export function agentFileJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(agentFileSchema, { io: 'input' }) as Record<string, unknown>;
}
