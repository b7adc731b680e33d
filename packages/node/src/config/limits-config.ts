import { z } from 'zod';
import { bytesSchema, dayWindowSchema } from '../utils/quantities.ts';

/** Whole tokens, or coins, such as `10` or `2.5`. A longer number was probably meant in the smallest unit. */
export const tokensSchema = z
  .string()
  .regex(
    /^\d{1,15}(\.\d{1,18})?$/,
    "must be an amount of whole tokens, such as 10 or 2.5 (not in the token's smallest unit)",
  );

/** The owner's limits for all services of a node together. A value that is left out is not limited. */
export const hostLimitsSchema = z.strictObject({
  /** Threads of each heavy step: training, committing, proving. */
  threads: z.number().int().positive().max(256).optional(),
  /**
   * Resident memory of the node and of the processes of its models; by default half of the machine's. The node
   * refuses tasks that would not fit, accepts nothing new near the limit, and ends a model that uses more than is
   * left.
   */
  memory: bytesSchema.optional(),
  /** Maximum size of the data folder. The node drops old payloads to stay below it. */
  disk: bytesSchema.optional(),
  /** Bytes per second, as libp2p counts them. */
  upload: bytesSchema.optional(),
  download: bytesSchema.optional(),
  /**
   * Local times of day at which the node joins tasks and begins rounds. It finishes what has begun. It does not join
   * a task that would last longer and fines members that miss a round.
   */
  hours: z.array(dayWindowSchema).max(24).default([]),
  /** What the node may spend on the chain's own coin. */
  gas: z
    .strictObject({
      /** Coins in 24 hours. The node does not join a task if the coins spent and its cost may exceed this. */
      perDay: tokensSchema.default('0.1'),
    })
    .prefault({}),
});
