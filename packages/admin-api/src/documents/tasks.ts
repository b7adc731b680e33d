import { z } from 'zod';
import {
  addressSchema,
  amountSchema,
  decimalsSchema,
  noticeSchema,
  roleSchema,
  taskIdSchema,
  timeSchema,
} from './values.ts';

/** What the node is doing in a round at this moment. */
export const activitySchema = z.object({
  stage: z.string().describe('train, commit, reference, aggregate, prove, settle or recompute'),
  round: z.number().int(),
  since: timeSchema,
  fraction: z.number().min(0).max(1).nullable().describe('progress, from 0 to 1; null if unknown'),
});

/** A task that this node follows, as one line of a screen. */
export const taskSummarySchema = z.object({
  id: taskIdSchema,
  name: z.string(),
  status: z.enum(['joining', 'running', 'ended', 'unknown']).describe('unknown: not yet read from the chain'),
  round: z.number().int().describe('current round, from 1; 0 while joining'),
  rounds: z.number().int().describe('rounds of the task'),
  phase: z.string().nullable().describe('phase of the round on chain; null while joining'),
  deadline: timeSchema.nullable().describe('when the phase may end; while joining, when joining closes'),
  roles: z.array(roleSchema).describe('roles this account holds in the task'),
  owner: z.boolean().describe('whether this account published the task'),
  duty: z.string().nullable().describe('what the chain requires of this account now; null if nothing is due'),
  activity: activitySchema.nullable().describe('what this node is doing about it'),
  token: addressSchema,
  decimals: decimalsSchema,
  stake: amountSchema.describe('stake of this account in the task'),
  leaving: z.boolean().describe('whether this node has stopped working for the task and waits for its end'),
});
export type TaskSummary = z.infer<typeof taskSummarySchema>;

/** Everything the node knows of one task. */
export const taskDetailSchema = taskSummarySchema.extend({
  ownerAddress: addressSchema,
  budget: amountSchema,
  remaining: amountSchema.describe('escrow not paid out yet'),
  stakePerMember: amountSchema,
  trainers: z.array(addressSchema),
  validators: z.array(addressSchema),
  aggregators: z.array(addressSchema),
  dimension: z.number().int().describe('trainable parameters'),
  model: z.string().nullable().describe('CID of the initial model of the task'),
  modelBytes: z.number().int().nullable(),
  terms: z.record(z.string(), z.unknown()).nullable().describe('the terms, as published'),
  computedThrough: z.number().int().nullable().describe('last round included in the model of this node'),
  committed: z.number().int().describe('updates on chain in the current round'),
  waitsFor: z.string().nullable().describe('what the task waits for, in words; null if it has ended'),
});
export type TaskDetail = z.infer<typeof taskDetailSchema>;

/** A task that the node has seen and not joined. */
export const refusalSchema = noticeSchema.extend({ taskId: taskIdSchema, at: timeSchema });
export type Refusal = z.infer<typeof refusalSchema>;

export const taskListSchema = z.object({
  tasks: z.array(taskSummarySchema),
  refused: z.array(refusalSchema).describe('tasks recently seen and not joined, the newest first'),
});
export type TaskList = z.infer<typeof taskListSchema>;

/** The result of `join`. */
export const joinResultSchema = z.object({
  taskId: taskIdSchema,
  outcome: z.enum(['joined', 'followed', 'refused']).describe('followed: the account was already a member'),
  reason: noticeSchema.nullable().describe('why the node refused the task'),
});
export type JoinResult = z.infer<typeof joinResultSchema>;

/** The result of leaving, which depends on the progress of the task. */
export const leaveResultSchema = z.object({
  taskId: taskIdSchema,
  member: z
    .boolean()
    .describe('this account has joined the task on chain: it takes part until the round under way has ended'),
  decimals: decimalsSchema,
  stakeLocked: amountSchema.describe('stays on chain until the round under way has ended'),
  missedRoundBps: z
    .number()
    .describe('part of the stake, in hundredths of a percent, that missing the current round may cost'),
  stakeReturnsAfter: z.string().describe('what has to happen before the stake is released'),
  message: z.string(),
});
export type LeaveResult = z.infer<typeof leaveResultSchema>;

export const refundRequestSchema = z.strictObject({
  cancel: z.boolean().default(false).describe('also end a task that still looks for members'),
});
export type RefundRequest = z.input<typeof refundRequestSchema>;

/** The refund of a task of this account. */
export const refundResultSchema = z.object({
  taskId: taskIdSchema,
  token: addressSchema,
  decimals: decimalsSchema,
  amount: amountSchema,
  transaction: z.string(),
});
export type RefundResult = z.infer<typeof refundResultSchema>;
