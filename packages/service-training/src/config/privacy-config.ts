import { z } from 'zod';

/** Multiples of the clip; more noise than this leaves nothing to learn. */
const noise = z.number().min(0).max(1_000);

/** How much a contributor lets its node reveal of its data. */
export const privacyConfigSchema = z.strictObject({
  /** `known`: train strangers' models only if they are not built to carry samples in their updates. */
  models: z.enum(['known', 'any']).default('known'),
  /** CIDs of models that are trained although their architecture is not known, such as a language model. */
  bases: z
    .array(z.string().regex(/^[A-Za-z0-9]{1,120}$/, 'must be a CID'))
    .max(256)
    .default([]),
  /** Minimum noise multiplier; tasks whose training has less are refused. */
  minNoise: noise.default(0),
  /** Noise multiplier that this node trains with if a task requires less or none. */
  ownNoise: noise.default(0),
  /** Maximum epsilon of the data, over all past tasks and rounds; by default unlimited. */
  maxEpsilon: z.number().positive().max(1e6).optional(),
  /** The delta for epsilon. */
  delta: z.number().gt(0).max(0.1).default(1e-5),
});

export type PrivacyConfig = z.infer<typeof privacyConfigSchema>;
