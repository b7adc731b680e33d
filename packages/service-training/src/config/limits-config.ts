import { bytesSchema, tokensSchema } from '@chorus/node/config';
import { ADDRESS_PATTERN } from '@chorus/protocol';
import { z } from 'zod';

const amount = z.string().regex(/^\d{1,78}$/, "must be an amount in the token's smallest unit");
const address = z.string().regex(ADDRESS_PATTERN, 'must be an address');
const seconds = z.number().int().positive();
const percent = z.number().min(0).max(100);

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

/** Money at risk, in addition to `maxStake`, which bounds each task. */
export const stakeLimitsSchema = z.strictObject({
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
});

/** Which tasks the node accepts. */
export const taskLimitsSchema = z.strictObject({
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
});
