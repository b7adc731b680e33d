import { z } from 'zod';
import { bytesSchema } from '../utils/quantities.ts';

/** How a node writes its log. */
export const logConfigSchema = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `auto`: for people on a terminal, a JSON object a line otherwise. */
  format: z.enum(['auto', 'pretty', 'json']).default('auto'),
  /** Also to `logs/node.log` of the data folder, always as JSON. */
  file: z.boolean().default(true),
  /** A log file begins anew at this size; so many old ones are kept, compressed. */
  maxBytes: bytesSchema.prefault('10 MB'),
  maxFiles: z.number().int().min(1).max(1000).default(5),
});

export type LogConfig = z.infer<typeof logConfigSchema>;
