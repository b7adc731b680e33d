import { z } from 'zod';
import { bytesSchema, dayWindowSchema } from '../utils/quantities.ts';

const amount = z.string().regex(/^\d{1,78}$/, "must be an amount in the token's smallest unit");
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address');
const seconds = z.number().int().positive();
const percent = z.number().min(0).max(100);

/** Whole tokens, or coins, as people write them: `10`, `2.5`. What is longer was meant in a smallest unit. */
export const tokensSchema = z
  .string()
  .regex(
    /^\d{1,15}(\.\d{1,18})?$/,
    "must be an amount of whole tokens, such as 10 or 2.5 (not in the token's smallest unit)",
  );

/** Longest a task may lock the stake where nothing else is said: 90 days. The contract itself allows thousands of years. */
const MAX_LOCK_SECONDS = 90 * 86_400;

const tokenLimitsSchema = z.strictObject({
  /** Over all its tasks; "0" refuses the token. */
  total: amount.optional(),
  /** In one task: of use where `maxStake` does not suit its decimals. */
  task: amount.optional(),
  /** Longest a task may lock it. */
  seconds: seconds.optional(),
});

/** An amount alone is that over all tasks. */
const totalSchema = amount.transform((total): z.infer<typeof tokenLimitsSchema> => ({ total }));
const perTokenSchema = z
  .record(address, z.union([totalSchema, tokenLimitsSchema]))
  .refine(
    (limits) =>
      new Set(Object.keys(limits).map((token) => token.toLowerCase())).size === Object.keys(limits).length,
    'names a token twice',
  );

/** What a contributor allows its node. Everything that is left out is not limited. */
export const limitsSchema = z.strictObject({
  /** Threads of each heavy step: training, committing, proving. */
  threads: z.number().int().positive().max(256).optional(),
  /**
   * Resident memory of the node and of the processes of its models; half of the machine's unless told. Tasks that would
   * not fit are refused, near it nothing new is taken on, and a model that takes more than the rest leaves is ended.
   */
  memory: bytesSchema.optional(),
  /** Size of the data folder. Old payloads are dropped to keep to it. */
  disk: bytesSchema.optional(),
  /** Bytes a second, as libp2p counts them. */
  upload: bytesSchema.optional(),
  download: bytesSchema.optional(),
  /**
   * Local times of the day at which tasks are joined and rounds begun. What has begun is finished. A task that would
   * last longer and fines whoever misses a round is not joined.
   */
  hours: z.array(dayWindowSchema).max(24).default([]),
  /** Join such tasks all the same: rounds missed outside the hours cost stake. */
  missRounds: z.boolean().default(false),
  /** What the node may spend on the chain's own coin. */
  gas: z
    .strictObject({
      /** Coins in 24 hours. A task is not joined where what was spent and what it may cost come to more. */
      perDay: tokensSchema.default('0.1'),
    })
    .prefault({}),
  /** Money at risk, beside `maxStake`, which bounds each task. */
  stake: z
    .strictObject({
      /** Over all tasks and tokens, counted in smallest units: of use where the tokens have the same decimals. */
      total: amount.optional(),
      /** Beside all other limits, by the token's address. */
      perToken: perTokenSchema.default({}),
      /** Refuse tasks in tokens that `perToken` does not name: anyone can make a token. */
      onlyListed: z.boolean().default(true),
      /** Whose tasks are joined; anybody's where it is left out. */
      owners: z.array(address).max(1_000).optional(),
      /** Tokens newly put at risk in 24 hours, of each token; three times `maxStake` where it is left out. */
      perDay: tokensSchema.optional(),
    })
    .prefault({}),
  /** Which tasks are taken on. */
  tasks: z
    .strictObject({
      /** Least this node may expect of a round where all share alike, in the token's smallest unit. */
      minReward: amount.optional(),
      maxModelBytes: bytesSchema.optional(),
      maxDimension: z.number().int().positive().optional(),
      /** CPU seconds that opening a stranger's model, and each call of the runtime on it, may take on a thread. */
      callSeconds: seconds.default(30),
      /** Kinds of loss, such as `softmax-cross-entropy`. */
      losses: z.array(z.string().min(1).max(64)).max(32).optional(),
      /** Licence tags a task must carry one of, such as `Apache-2.0`; a task without one is refused then. */
      licences: z.array(z.string().min(1).max(64)).max(64).optional(),
      /** Tasks worked for at a time. */
      maxTasks: z.number().int().min(0).max(1_000).default(4),
      /** Validators, other than the task's owner, without whom no round of it is settled. */
      minValidators: z.number().int().min(0).max(15).default(3),
      /** Most of the stake that being absent from every round may cost. */
      maxSlashPercent: percent.default(50),
      /** Most of a slash that may go to whoever reports it, and to the task's owner. */
      maxReporterPercent: percent.default(5),
      maxOwnerPercent: percent.default(10),
      /** Phases last at least so many times the work that falls into them takes on this machine; 0 takes any. */
      phaseMargin: z.number().min(0).max(100).default(2),
      /** Longest a task may lock the stake, if every phase takes its full time and the last round is disputed. */
      maxSeconds: seconds.default(MAX_LOCK_SECONDS),
    })
    .prefault({}),
});

/** Limits after parsing: bytes are numbers, hours are minutes of the day. */
export type Limits = z.infer<typeof limitsSchema>;
