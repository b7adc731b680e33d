import { z } from 'zod';

/** Multiples of the clip; more noise than this leaves nothing to learn. */
const noise = z.number().min(0).max(1_000);

/** How far a contributor lets its data show in what its node publishes. */
export const privacyConfigSchema = z.strictObject({
  /** `known`: of strangers, train only models that are not made to carry samples in their updates. */
  models: z.enum(['known', 'any']).default('known'),
  /** Least noise multiplier; tasks whose training has less are refused. */
  minNoise: noise.default(0),
  /** Noise multiplier that this node trains with where a task asks for less, or for none. */
  ownNoise: noise.default(0),
  /** Most epsilon of the data, over all tasks and rounds there ever were; any unless told. */
  maxEpsilon: z.number().positive().max(1e6).optional(),
  /** The delta beside epsilon. */
  delta: z.number().gt(0).max(0.1).default(1e-5),
});

export type PrivacyConfig = z.infer<typeof privacyConfigSchema>;
