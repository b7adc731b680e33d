import { ADDRESS_PATTERN } from '@chorus/protocol';
import { z } from 'zod';
import { bytesSchema, dayWindowSchema } from '../utils/quantities.ts';

const amount = z.string().regex(/^\d{1,78}$/, "must be an amount in the token's smallest unit");
const address = z.string().regex(ADDRESS_PATTERN, 'must be an address');
const seconds = z.number().int().positive();
const percent = z.number().min(0).max(100);

/** Whole tokens, or coins, such as `10` or `2.5`. A longer number was probably meant in the smallest unit. */
export const tokensSchema = z
  .string()
  .regex(
    /^\d{1,15}(\.\d{1,18})?$/,
    "must be an amount of whole tokens, such as 10 or 2.5 (not in the token's smallest unit)",
  );

/** Default for the longest time a task may lock the stake: 90 days. The contract itself allows thousands of years. */
const MAX_LOCK_SECONDS = 90 * 86_400;

const tokenLimitsSchema = z.strictObject({
  /** Over all its tasks; "0" refuses the token. */
  total: amount.optional(),
  /** Most in one task: useful if `maxStake` does not suit the token's decimals. */
  task: amount.optional(),
  /** Longest time that a task may lock it. */
  seconds: seconds.optional(),
});

/** An amount alone means the total over all tasks. */
const totalSchema = amount.transform((total): z.infer<typeof tokenLimitsSchema> => ({ total }));
const perTokenSchema = z
  .record(address, z.union([totalSchema, tokenLimitsSchema]))
  .refine(
    (limits) =>
      new Set(Object.keys(limits).map((token) => token.toLowerCase())).size === Object.keys(limits).length,
    'names a token twice',
  );

/** A contributor's limits for its node. A value that is left out is not limited. */
export const limitsSchema = z.strictObject({
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
  /** Also join such tasks: rounds missed outside the hours cost stake. */
  missRounds: z.boolean().default(false),
  /** What the node may spend on the chain's own coin. */
  gas: z
    .strictObject({
      /** Coins in 24 hours. The node does not join a task if the coins spent and its cost may exceed this. */
      perDay: tokensSchema.default('0.1'),
    })
    .prefault({}),
  /** Money at risk, in addition to `maxStake`, which bounds each task. */
  stake: z
    .strictObject({
      /** Over all tasks and tokens, counted in smallest units: useful if the tokens have the same decimals. */
      total: amount.optional(),
      /** In addition to all other limits, by the token's address. */
      perToken: perTokenSchema.default({}),
      /** Refuse tasks in tokens that `perToken` does not name: anyone can create a token. */
      onlyListed: z.boolean().default(true),
      /** Owners whose tasks are joined; by default any owner. */
      owners: z.array(address).max(1_000).optional(),
      /** Tokens newly put at risk in 24 hours, for each token; by default three times `maxStake`. */
      perDay: tokensSchema.optional(),
    })
    .prefault({}),
  /** Which tasks the node accepts. */
  tasks: z
    .strictObject({
      /** Minimum reward that this node can expect for a round with equal shares, in the token's smallest unit. */
      minReward: amount.optional(),
      maxModelBytes: bytesSchema.optional(),
      maxDimension: z.number().int().positive().optional(),
      /** CPU seconds per thread for opening a stranger's model, and for each call of the runtime on it. */
      callSeconds: seconds.default(30),
      /** Accepted kinds of loss, such as `softmax-cross-entropy`. */
      losses: z.array(z.string().min(1).max(64)).max(32).optional(),
      /** Accepted licence tags, such as `Apache-2.0`; with this list, a task without a tag is refused. */
      licences: z.array(z.string().min(1).max(64)).max(64).optional(),
      /** Maximum number of concurrent tasks. */
      maxTasks: z.number().int().min(0).max(1_000).default(4),
      /** Minimum number of validators, other than the task's owner, without whom no round is settled. */
      minValidators: z.number().int().min(0).max(15).default(3),
      /** Largest part of the stake that absence from every round may cost. */
      maxSlashPercent: percent.default(50),
      /** Largest part of a slash that may go to the reporter, and to the task's owner. */
      maxReporterPercent: percent.default(5),
      maxOwnerPercent: percent.default(10),
      /** Phases last at least this many times the duration of their work here; 0 accepts any. */
      phaseMargin: z.number().min(0).max(100).default(2),
      /** Longest a task may lock the stake, if every phase takes its full time and the last round is disputed. */
      maxSeconds: seconds.default(MAX_LOCK_SECONDS),
    })
    .prefault({}),
});

/** Limits after parsing: bytes are numbers, hours are minutes of the day. */
export type Limits = z.infer<typeof limitsSchema>;
