import { z } from 'zod';
import { bytesSchema } from '../utils/quantities.ts';

/** Settings of a node's log. */
export const logConfigSchema = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `auto`: readable text on a terminal, otherwise one JSON object per line. */
  format: z.enum(['auto', 'pretty', 'json']).default('auto'),
  /** Also write to `logs/node.log` of the data folder, always as JSON. */
  file: z.boolean().default(true),
  /** A log file is rotated at this size; this number of old files is kept, compressed. */
  maxBytes: bytesSchema.prefault('10 MB'),
  maxFiles: z.number().int().min(1).max(1000).default(5),
});

export type LogConfig = z.infer<typeof logConfigSchema>;
