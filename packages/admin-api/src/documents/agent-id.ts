import { z } from 'zod';

export const agentIdSchema = z
  .string()
  .regex(/^\d{1,20}$/, 'must be the number of an identity')
  .describe('identity of the agent (ERC-8004)');
