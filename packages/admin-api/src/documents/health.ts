import { z } from 'zod';

export const healthSchema = z.object({ status: z.enum(['ok', 'unavailable']) });

export const readinessSchema = healthSchema.extend({
  checks: z.record(z.string(), z.boolean()).describe('started, chain, store, loop'),
});
export type Readiness = z.infer<typeof readinessSchema>;
